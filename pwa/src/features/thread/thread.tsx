/** A consultation: everything that was said, and the one thing to do next. */
import { useEffect } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { isYours, titleOf } from '../../domain/grouping.ts';
import { consultations, markSeen } from '../../store/library.ts';
import { person } from '../../store/session.ts';
import { BackHead, Empty, Frame } from '../../ui/frame.tsx';
import { Mark } from '../../ui/mark.tsx';
import { isLocal } from '../home/row.tsx';
import { Actions } from './actions.tsx';
import { DemandEntry } from './demand.tsx';
import { Entry } from './entry.tsx';
import { SimilarOfDemand } from './similar.tsx';
import { headline, nextStep } from './wording.ts';

export function Thread({ id }: { id: string }) {
  const consultation = consultations.value.get(id);
  useEffect(() => {
    if (consultation) markSeen(consultation);
  }, [consultation]);
  if (!consultation) {
    return (
      <Frame top={<BackHead title={t('thread.title')} />}>
        <Empty title={t('thread.unknown')}>{t('thread.unknown_hint')}</Empty>
      </Frame>
    );
  }
  const rest = consultation.thread.filter((event) => event.kind !== 'received');
  return (
    <Frame top={<Top consultation={consultation} />} dock={<Actions consultation={consultation} />}>
      <ol class="thread">
        <DemandEntry consultation={consultation} />
        {rest.map((event) => (
          <Entry key={event._id} event={event} consultation={consultation} />
        ))}
      </ol>
      <SimilarOfDemand consultation={consultation} />
    </Frame>
  );
}

function Top({ consultation }: { consultation: Consultation }) {
  const yours = isYours(consultation, person.value);
  const tone = isLocal(consultation) ? 'local' : undefined;
  return (
    <>
      <BackHead title={titleOf(consultation)} small />
      <div class="state">
        <Mark step={consultation.step} yours={yours} tone={tone} large />
        <p>
          <strong>{headline(consultation)}</strong>
          <span class="muted">{nextStep(consultation)}</span>
        </p>
      </div>
    </>
  );
}
