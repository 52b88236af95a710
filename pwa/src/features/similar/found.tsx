/** 别人问过像的: what others asked, while the person types. */
import { useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { Icon } from '../../ui/icon.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { fault, held } from '../../pack/pack.ts';
import { whenShort } from '../../ui/when.ts';
import { CaseCard, CaseRow } from './case.tsx';
import { Helpful } from './helpful.tsx';
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
              {found.from === 'phone' ? <FromPhone /> : null}
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
          <CaseCard found={open}>
            <Helpful found={open} text={askedIn(found, text)} offline={isFromPhone(found)} />
          </CaseCard>
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

/** Whose the cases are, and from when. */
export function FromPhone() {
  const at = held.value?.at;
  return at === undefined ? null : (
    <span class="row__sub">{t('similar.from_phone', { when: whenShort(new Date(at).toISOString()) })}</span>
  );
}

type FoundNow = ReturnType<typeof useFound>['value'];

export const isFromPhone = (found: FoundNow): boolean => found.state === 'found' && found.from === 'phone';

/** The question that the cases were found for: what stands in the field may be newer. */
export const askedIn = (found: FoundNow, text: string): string =>
  found.state === 'found' ? found.text : text;

/** What to say where there is no case to show. `later`: the county will look by itself. */
export function saying(found: FoundNow, later = true): string {
  switch (found.state) {
    case 'offline': {
      const now = t(later ? 'similar.offline' : 'similar.offline_here');
      return fault.value === 'unable' ? now : `${now}${t('similar.no_pack')}`;
    }
    case 'out_of_order':
      return found.reason || t('similar.out_of_order');
    case 'found':
      return t(found.from === 'phone' ? 'similar.none_on_phone' : 'similar.none');
    default:
      return t('similar.asking');
  }
}
