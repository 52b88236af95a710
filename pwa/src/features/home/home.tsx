/** 我的咨询: what the person has to do, what they wait for, what has ended. A township lead sees the township's. */
import { useState } from 'preact/hooks';
import { lists } from '../../app/state.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { placeName } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { problems, type Problem } from '../../sync/quarantine.ts';
import { BrandHead, Empty, Frame, Section } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Nav } from '../../ui/nav.tsx';
import { ConsultationRow } from './row.tsx';

const DONE_SHOWN = 3;

export function Home() {
  const me = person.value!;
  const { todo, waiting, done } = lists.value;
  const broken = problems.value;
  const [all, setAll] = useState(false);
  const lead = me.role === 'township_lead';
  const shown = all ? done : done.slice(0, DONE_SHOWN);
  const empty = todo.length + waiting.length + done.length + broken.length === 0;
  return (
    <Frame
      top={<BrandHead title={t(lead ? 'home.title_township' : 'home.title')} sub={placeOf()} />}
      dock={
        lead ? null : (
          <div class="dock">
            <a class="btn btn--main" href="#/report">
              <Icon name="plus" />
              {t('home.report')}
            </a>
          </div>
        )
      }
      nav={<Nav />}
    >
      {empty ? (
        <Empty title={t(lead ? 'home.empty_township' : 'home.empty')}>
          {lead ? null : t('home.empty_hint')}
        </Empty>
      ) : null}
      {todo.length + broken.length > 0 ? (
        <Section title={t('home.todo')} end={todo.length + broken.length}>
          <ul class="card card--you rows">
            {broken.map((problem) => (
              <ProblemRow key={problem.demand} problem={problem} />
            ))}
            <Rows list={todo} />
          </ul>
        </Section>
      ) : null}
      {waiting.length > 0 ? (
        <Section title={t(lead ? 'home.running' : 'home.waiting')} end={waiting.length}>
          <ul class="card rows">
            <Rows list={waiting} />
          </ul>
        </Section>
      ) : null}
      {done.length > 0 ? (
        <Section
          title={t('home.done')}
          end={
            done.length > DONE_SHOWN && !all ? (
              <button class="linkbtn" onClick={() => setAll(true)}>
                {t('home.all', { n: done.length })}
              </button>
            ) : (
              done.length
            )
          }
        >
          <ul class="card rows">
            <Rows list={shown} />
          </ul>
        </Section>
      ) : null}
    </Frame>
  );
}

function Rows({ list }: { list: readonly Consultation[] }) {
  return (
    <>
      {list.map((each) => (
        <ConsultationRow key={each.id} consultation={each} />
      ))}
    </>
  );
}

export function ProblemRow({ problem }: { problem: Problem }) {
  const { body } = problem.main;
  const text = body && 'text' in body ? body.text : '';
  return (
    <li>
      <a class="row row--new" href={`#/fix/${encodeURIComponent(problem.main.id)}`}>
        <Mark step={0} tone="wait" />
        <span class="row__body">
          <b class="row__title clip2">{text || t('fix.untitled')}</b>
          <span class="row__sub">{t('fix.open')}</span>
        </span>
        <Icon name="forward" />
      </a>
    </li>
  );
}

function placeOf(): string {
  const me = person.value!;
  const { township, village } = placeName(me.region);
  return [township, village].filter(Boolean).join(' · ') || me.region_name;
}
