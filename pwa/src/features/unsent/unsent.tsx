/** 没送到: everything that is still only on this phone, and what became of the rest. */
import { signal } from '@preact/signals';
import { currentSentence, unsentCount } from '../../app/state.ts';
import { t, tMaybe } from '../../catalogue/catalogue.ts';
import type { MediaDocument } from '../../contract/types.ts';
import type { Waiting } from '../../domain/outbox.ts';
import { titleOf, subjectOf } from '../../domain/grouping.ts';
import { consultations, documentsOf } from '../../store/library.ts';
import { nudge } from '../../sync/loop.ts';
import { arrived, waiting } from '../../sync/outbox.ts';
import { phase, weak } from '../../sync/phase.ts';
import { problems } from '../../sync/quarantine.ts';
import { BackHead, Frame, Section } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Nav } from '../../ui/nav.tsx';
import { clockTime, whenLong } from '../../ui/when.ts';
import { momentOf, nameOf, typeOf } from '../../domain/ids.ts';
import { ProblemRow } from '../home/home.tsx';

const tried = signal(false);

export function Unsent() {
  const items = waiting.value;
  const sending = phase.value === 'photos' ? items.filter((item) => item.kind === 'photo').slice(0, 1) : [];
  const queued = items.filter((item) => !sending.includes(item));
  return (
    <Frame
      top={
        <>
          <BackHead title={t('unsent.title')} />
          <div class="state">
            <Mark {...markFor(items.length)} large />
            <p>
              <strong>{headlineFor(items.length)}</strong>
              <span class="muted">{t(hintFor(items.length))}</span>
            </p>
          </div>
        </>
      }
      dock={
        unsentCount.value ? (
          <div class="dock">
            <button class="btn btn--main" onClick={tryNow}>
              <Icon name="refresh" />
              {t(tried.value && phase.value !== 'idle' ? 'unsent.trying' : 'unsent.try')}
            </button>
          </div>
        ) : null
      }
      nav={<Nav />}
    >
      {problems.value.length ? (
        <Section title={t('unsent.problems')} end={problems.value.length}>
          <ul class="card card--you rows">
            {problems.value.map((problem) => (
              <ProblemRow key={problem.main.id} problem={problem} />
            ))}
          </ul>
        </Section>
      ) : null}
      {sending.length ? (
        <Section title={t('unsent.sending')} end={weak.value ? t('unsent.weak') : undefined}>
          <ul class="card rows">
            {sending.map((item) => (
              <Item key={item.id} item={item} />
            ))}
          </ul>
        </Section>
      ) : null}
      {queued.length ? (
        <Section title={t('unsent.queued')} end={queued.length}>
          <ul class="card rows">
            {queued.map((item) => (
              <Item key={item.id} item={item} queued />
            ))}
          </ul>
        </Section>
      ) : null}
      {arrived.value.length ? (
        <Section title={t('unsent.arrived')}>
          <ul class="card rows">
            {arrived.value.map((each) => (
              <Arrived key={each.id} id={each.id} at={each.at} />
            ))}
          </ul>
        </Section>
      ) : null}
      {currentSentence.value.tone === 'local' && items.length === 0 ? (
        <p class="small muted gap-4">{t('unsent.offline_hint')}</p>
      ) : null}
    </Frame>
  );
}

function tryNow(): void {
  tried.value = true;
  nudge();
}

function markFor(waitingItems: number): { step: number; tone?: 'local' | 'wait' } {
  if (waitingItems) return { step: 0, tone: 'local' };
  return problems.value.length ? { step: 0, tone: 'wait' } : { step: 4 };
}

function headlineFor(waitingItems: number): string {
  if (waitingItems) return t('unsent.count', { n: waitingItems });
  const n = problems.value.length;
  return n ? t('sync.problems', { problems: n }) : t('unsent.none');
}

function hintFor(waitingItems: number) {
  if (waitingItems) return 'unsent.no_need';
  return problems.value.length ? 'unsent.kept' : 'unsent.none_hint';
}

const PICTURES: Record<Waiting['kind'], string> = { demand: 'page', record: 'check', photo: 'picture' };

function Item({ item, queued = false }: { item: Waiting; queued?: boolean }) {
  const media = documentsOf(item.demand).find((each): each is MediaDocument => each._id === item.id);
  const share = media ? Math.max(0, Math.round((1 - item.left / (media.chunks + 1)) * 100)) : 0;
  const stored = clockTime(storedAt(item));
  const kind = t(`unsent.kind_${item.kind}`);
  return (
    <li class="row">
      <Icon name={PICTURES[item.kind]} />
      <span class="row__body">
        <span class="row__title clip1">{nameOfItem(item.id, item.demand)}</span>
        <span class="row__sub">
          {share > 0 ? t('unsent.share', { share }) : t('unsent.stored', { kind, time: stored })}
        </span>
        {share > 0 ? (
          <span class="bar bar--local bar--line" style={{ '--v': `${share}%` }}>
            <i />
          </span>
        ) : null}
      </span>
      {queued ? <Icon name="clock" /> : null}
    </li>
  );
}

function storedAt(item: Waiting): string {
  const document = documentsOf(item.demand).find((each) => each._id === item.id);
  if (document && 'at' in document) return document.at;
  return new Date(momentOf(nameOf(item.id))).toISOString();
}

function Arrived({ id, at }: { id: string; at: number }) {
  const demand = typeOf(id) === 'media' ? demandOfPhoto(id) : nameOf(id).slice(0, 26);
  const consultation = consultations.value.get(demand);
  const receipt = typeOf(id) === 'demand' ? consultation?.received_at : null;
  const time = whenLong(receipt ?? new Date(at).toISOString());
  return (
    <li class="row">
      <span class="tick__mark">
        <Icon name="received" />
      </span>
      <span class="row__body">
        <span class="row__title clip1">{nameOfItem(id, demand)}</span>
        <span class="row__sub">{t(receipt ? 'unsent.received' : 'unsent.delivered', { time })}</span>
      </span>
    </li>
  );
}

function demandOfPhoto(id: string): string {
  for (const each of consultations.value.values()) {
    if (each.media.some((media) => media._id === id)) return each.id;
  }
  return '';
}

/** What a person would call it. */
function nameOfItem(id: string, demand: string): string {
  const consultation = consultations.value.get(demand);
  const title = consultation ? titleOf(consultation) : '';
  switch (typeOf(id)) {
    case 'demand':
      return title || t('unsent.kind_demand');
    case 'feedback':
      return t('unsent.feedback');
    case 'media':
      return title ? t('unsent.photo_of', { title }) : t('unsent.kind_photo');
    default: {
      const event = consultation?.thread.find((each) => each._id === id);
      const subject = consultation ? subjectOf(consultation) : '';
      return t('unsent.record_of', {
        subject,
        what: tMaybe(`event.${event?.kind}`) || t('unsent.kind_record'),
      });
    }
  }
}
