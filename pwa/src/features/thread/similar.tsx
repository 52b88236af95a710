/** What the county found for this demand; the informant may say that it is enough (MISSION S2.2). */
import { useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import type { Consultation } from '../../domain/fold.ts';
import { fits } from '../../domain/workflow.ts';
import { person } from '../../store/session.ts';
import { Section } from '../../ui/frame.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { CaseCard, CaseRow } from '../similar/case.tsx';
import { Helpful } from '../similar/helpful.tsx';
import { write } from './write.ts';

const SHOWN = 3;

export function SimilarOfDemand({ consultation }: { consultation: Consultation }) {
  const [open, setOpen] = useState<SimilarCase | null>(null);
  const found = consultation.similar;
  const answered = consultation.step >= 3 && consultation.state !== 'adopted';
  if (!found || found.abstained || found.results.length === 0 || answered) return null;
  const mine = consultation.demand.reporter === person.value?.id;
  const adopt = (each: SimilarCase) => {
    setOpen(null);
    void write(consultation, 'adopted', { case: each.id });
  };
  return (
    <div class="gap-5">
      <Section title={t('similar.asked')}>
        <ul class="card rows">
          {found.results.slice(0, SHOWN).map((each) => (
            <CaseRow key={each.id} found={each} picture onOpen={() => setOpen(each)} />
          ))}
        </ul>
      </Section>
      {open ? (
        <Sheet title={t('similar.case')} onClose={() => setOpen(null)}>
          <CaseCard found={open}>
            <Helpful found={open} text={consultation.demand.text} offline={false} />
          </CaseCard>
          {mine && fits(consultation.state, 'adopted') ? (
            <button class="btn btn--main btn--wide gap-3" onClick={() => adopt(open)}>
              {t('similar.works')}
            </button>
          ) : null}
          <button class="btn btn--quiet btn--wide" onClick={() => setOpen(null)}>
            {t('similar.close')}
          </button>
        </Sheet>
      ) : null}
    </div>
  );
}
