/** One thing that happened: said by a person (a bubble), or a fact (centred). */
import type { ComponentChildren } from 'preact';
import { t, tMaybe } from '../../catalogue/catalogue.ts';
import type { EventDocument } from '../../contract/types.ts';
import type { Consultation } from '../../domain/fold.ts';
import { KINDS } from '../../domain/workflow.ts';
import { person } from '../../store/session.ts';
import { waiting } from '../../sync/outbox.ts';
import { Icon } from '../../ui/icon.tsx';
import { clockTime, whenLong } from '../../ui/when.ts';
import { MineAt, PicturesOf, Tick, TickLocal, Who } from './demand.tsx';
import { ReadAloud } from './read-aloud.tsx';

interface EntryProps {
  event: EventDocument;
  consultation: Consultation;
}

const SAID = new Set([
  'asked',
  'queried',
  'added',
  'replied',
  'relayed',
  'solved',
  'unsolved',
  'visited',
  'imported',
]);

export function Entry({ event, consultation }: EntryProps) {
  const ignored = consultation.ignored.has(event._id);
  return (
    <li class={ignored ? 'bubble--mute' : ''}>
      {SAID.has(event.kind) ? (
        <Said event={event} consultation={consultation} />
      ) : (
        <Fact event={event} consultation={consultation} />
      )}
      {ignored ? <p class="tiny muted">{t('thread.ignored')}</p> : null}
    </li>
  );
}

function Said({ event, consultation }: EntryProps) {
  const mine = event.by === person.value?.id;
  const { actor } = KINDS[event.kind];
  return (
    <>
      {mine ? <MineAt at={event.at} /> : <Speaker event={event} consultation={consultation} />}
      <div class={`bubble ${mine ? 'bubble--mine' : actor === 'expert' ? 'bubble--expert' : ''}`}>
        <Body event={event} />
        <PicturesOf consultation={consultation} names={event.media ?? []} />
      </div>
      {mine ? <Delivered event={event} /> : null}
    </>
  );
}

function Speaker({ event, consultation }: EntryProps) {
  const { actor } = KINDS[event.kind];
  if (actor === 'expert') {
    const asked = consultation.thread.find(
      (each) => (each.kind === 'assigned' || each.kind === 'dispatched') && each.expert === event.by,
    );
    return <Who name={asked?.expert_name ?? t('thread.expert')} sub={asked?.expert_title} at={event.at} />;
  }
  if (actor === 'reporter') {
    const received = consultation.thread.find((each) => each.kind === 'received');
    const name = received?.reporter_name ?? t('thread.informant');
    return <Who name={name} sub={received?.region_name} at={event.at} />;
  }
  return <Who name={t('thread.county')} at={event.at} />;
}

function Body({ event }: { event: EventDocument }) {
  if (event.kind !== 'replied') {
    return <p class="prewrap">{event.text || tMaybe(`event.${event.kind}`)}</p>;
  }
  const lines = (event.text ?? '').split('\n').filter((line) => line.trim());
  const spoken = [event.diagnosis, ...lines].filter(Boolean).join('。');
  return (
    <>
      {event.diagnosis ? (
        <p>
          <b>{event.diagnosis}</b>
        </p>
      ) : null}
      {lines.length > 1 ? (
        <ol class="steps gap-3">
          {lines.map((line, n) => (
            <li key={n}>{line}</li>
          ))}
        </ol>
      ) : (
        <p>{lines[0]}</p>
      )}
      {event.on_site ? (
        <p class="gap-2">
          <span class="chip chip--you">
            <Icon name="van" />
            {t('thread.wants_visit')}
          </span>
        </p>
      ) : null}
      <ReadAloud text={spoken} />
    </>
  );
}

function Delivered({ event }: { event: EventDocument }) {
  if (waiting.value.some((item) => item.id === event._id)) return <TickLocal />;
  return <Tick>{t(event.kind === 'relayed' ? 'thread.relayed_delivered' : 'thread.delivered')}</Tick>;
}

function Fact({ event, consultation }: EntryProps) {
  const mine = consultation.demand.reporter === person.value?.id;
  return (
    <div class="fact">
      <span>
        {factOf(event, mine)}
        <br />
        <time class="tiny muted" dateTime={event.at}>
          {whenLong(event.at)}
        </time>
      </span>
    </div>
  );
}

function factOf(event: EventDocument, mine: boolean): ComponentChildren {
  const name = event.expert_name ?? '';
  switch (event.kind) {
    case 'assigned':
      return (
        <>
          {t('fact.assigned_before')} <b>{name}</b> {t('fact.assigned_after')}
          {event.due ? (
            <>
              <br />
              {t(mine ? 'fact.due' : 'fact.due_seen', { time: clockTime(event.due) })}
            </>
          ) : null}
        </>
      );
    case 'dispatched':
      return t('fact.dispatched', { name, text: event.text ?? '' });
    case 'declined':
    case 'rejected':
      return t(`fact.${event.kind}`, { reason: event.reason ?? '' });
    case 'rated':
      return t('fact.rated', { rating: tMaybe(`stars.${event.stars}`) });
    case 'called_back':
      return t('fact.called_back', { outcome: tMaybe(`outcome.${event.outcome}`) });
    default:
      return tMaybe(`fact.${event.kind}`);
  }
}
