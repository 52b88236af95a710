/** 别人问过像的: what others asked, while the person types. */
import { useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { Icon } from '../../ui/icon.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { CaseCard, CaseRow } from './case.tsx';
import { useFound, type Wanted } from './find.ts';

const SHOWN = 3;

interface FoundProps extends Wanted {
  onAdopt: (found: SimilarCase) => void;
}

export function FoundWhileTyping({ text, industry, crop, onAdopt }: FoundProps) {
  const found = useFound({ text, industry, crop }, SHOWN).value;
  const [open, setOpen] = useState<SimilarCase | null>(null);
  if (found.state === 'idle') return null;
  return (
    <section class="card gap-3" aria-live="polite" aria-label={t('similar.asked')}>
      {found.state === 'found' && found.results.length > 0 && !found.abstained ? (
        <>
          <div class="row found">
            <span class="row__body small">
              <b>{t('similar.asked')}</b>
            </span>
          </div>
          <ul class="rows">
            {found.results.slice(0, SHOWN).map((each) => (
              <CaseRow key={each.id} found={each} onOpen={() => setOpen(each)} />
            ))}
          </ul>
        </>
      ) : (
        <p class="row small muted">
          <Icon name={found.state === 'offline' ? 'cloud-off' : 'search'} />
          <span>{saying(found)}</span>
        </p>
      )}
      {open ? (
        <Sheet title={t('similar.case')} onClose={() => setOpen(null)}>
          <CaseCard found={open} />
          <button class="btn btn--main btn--wide gap-3" onClick={() => onAdopt(open)}>
            {t('similar.enough')}
          </button>
          <button class="btn btn--quiet btn--wide" onClick={() => setOpen(null)}>
            {t('similar.go_on')}
          </button>
        </Sheet>
      ) : null}
    </section>
  );
}

type FoundNow = ReturnType<typeof useFound>['value'];

/** What to say where there is no case to show. */
export function saying(found: FoundNow): string {
  switch (found.state) {
    case 'offline':
      return t('similar.offline');
    case 'out_of_order':
      return found.reason || t('similar.out_of_order');
    case 'found':
      return t('similar.none');
    default:
      return t('similar.asking');
  }
}
