/** The one thing to do next, at the thumb; what else is possible stands beside it. */
import { useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { fits } from '../../domain/workflow.ts';
import { person } from '../../store/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { Rate } from './rate.tsx';
import { Say } from './say.tsx';
import { write } from './write.ts';

type Asking = 'added' | 'unsolved' | 'rate' | '';

export function Actions({ consultation }: { consultation: Consultation }) {
  const me = person.value!;
  if (me.role === 'expert') return <ExpertActions consultation={consultation} />;
  if (consultation.demand.reporter !== me.id) return null;
  return <ReporterActions consultation={consultation} />;
}

function ExpertActions({ consultation }: { consultation: Consultation }) {
  if (consultation.expert !== person.value?.id || !fits(consultation.state, 'replied')) return null;
  return (
    <div class="dock">
      <a class="btn btn--main" href={`#/answer/${consultation.id}`}>
        <Icon name="send" />
        {t(consultation.replies.length ? 'answer.again' : 'answer.submit')}
      </a>
    </div>
  );
}

function ReporterActions({ consultation }: { consultation: Consultation }) {
  const [asking, setAsking] = useState<Asking>('');
  const solve = async () => {
    if (await write(consultation, 'solved')) setAsking('rate');
  };
  return (
    <>
      <Dock consultation={consultation} ask={setAsking} solve={() => void solve()} />
      {asking === 'added' || asking === 'unsolved' ? (
        <Say consultation={consultation} kind={asking} onClose={() => setAsking('')} />
      ) : null}
      {asking === 'rate' ? <Rate consultation={consultation} onClose={() => setAsking('')} /> : null}
    </>
  );
}

interface DockProps {
  consultation: Consultation;
  ask: (what: Asking) => void;
  solve: () => void;
}

function Dock({ consultation, ask, solve }: DockProps) {
  const { state, turn, closed, rating, experts } = consultation;
  if (fits(state, 'relayed')) {
    return (
      <div class="dock">
        <button class="btn btn--soft dock__side tall" onClick={() => ask('added')}>
          {t('thread.ask_on')}
        </button>
        <button class="btn btn--main" onClick={() => void write(consultation, 'relayed')}>
          <Icon name="check" />
          {t('thread.relayed')}
        </button>
      </div>
    );
  }
  if (state === 'relayed') return <Judge ask={ask} solve={solve} />;
  if (closed) {
    return experts.length && rating === null && fits(state, 'rated') ? (
      <div class="dock">
        <button class="btn btn--main" onClick={() => ask('rate')}>
          <Icon name="star" />
          {t('thread.rate')}
        </button>
      </div>
    ) : null;
  }
  const answering = turn === 'informant';
  return (
    <div class="dock">
      <button class={`btn ${answering ? 'btn--main' : 'btn--soft tall'}`} onClick={() => ask('added')}>
        {t(answering ? 'thread.answer_back' : 'thread.add')}
      </button>
    </div>
  );
}

function Judge({ ask, solve }: Omit<DockProps, 'consultation'>) {
  return (
    <>
      <p class="small judge">
        <b>{t('thread.solved_question')}</b> <span class="muted">{t('thread.solved_hint')}</span>
      </p>
      <div class="dock">
        <button class="btn btn--soft dock__side tall" onClick={() => ask('unsolved')}>
          {t('thread.unsolved')}
        </button>
        <button class="btn btn--main" onClick={solve}>
          <Icon name="check" />
          {t('thread.solved')}
        </button>
      </div>
    </>
  );
}
