/** A past case: as a row to press, and whole. */
import type { ComponentChildren } from 'preact';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { cropNamed } from '../../store/programme.ts';
import { CropPicture, Icon } from '../../ui/icon.tsx';
import { day } from '../../ui/when.ts';

/** Place and day of a case, as far as they are known. */
export function caseSource(found: SimilarCase): string {
  const when = found.date ? day(found.date) : '';
  return [found.region, when].filter(Boolean).join(' · ');
}

export function CaseRow({ found, picture = false, onOpen }: CaseRowProps) {
  const source = caseSource(found);
  return (
    <li>
      <button class="row" onClick={onOpen}>
        {picture ? (
          <span class="shot shot--xs">
            <CropPicture icon={cropNamed(found.crop ?? '')?.icon} small />
          </span>
        ) : null}
        <span class="row__body">
          <span class="row__title clip1">{found.question}</span>
          <span class="row__sub clip1">{[found.answer, source].filter(Boolean).join(' ')}</span>
        </span>
        <Icon name="forward" />
      </button>
    </li>
  );
}

interface CaseRowProps {
  found: SimilarCase;
  picture?: boolean;
  onOpen: () => void;
}

export function CaseCard({
  found,
  best,
  children,
}: {
  found: SimilarCase;
  best?: boolean;
  children?: ComponentChildren;
}) {
  const source = caseSource(found);
  return (
    <article class="card card--pad">
      <p class="chips">
        {best ? (
          <span class="chip chip--ok">
            <Icon name="check" />
            {t('similar.best')}
          </span>
        ) : null}
        {found.crop ? <span class="chip">{found.crop}</span> : null}
        {source ? <span class="chip">{source}</span> : null}
      </p>
      <h2 class="gap-3">{found.question}</h2>
      <p class="gap-2 prewrap">{found.answer}</p>
      {children}
    </article>
  );
}
