/** What was asked, with its photos and the county's receipt. */
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { mediaId } from '../../domain/ids.ts';
import { person } from '../../store/session.ts';
import { leftDemands } from '../../sync/quarantine.ts';
import { Icon } from '../../ui/icon.tsx';
import { Picture } from '../../ui/picture.tsx';
import { clockTime, whenLong } from '../../ui/when.ts';
import { isLocal } from '../home/row.tsx';

export function DemandEntry({ consultation }: { consultation: Consultation }) {
  const { demand, contact } = consultation;
  const mine = demand.reporter === person.value?.id;
  return (
    <li>
      {mine ? <MineAt at={demand.at} /> : <Reporter consultation={consultation} />}
      <div class={mine ? 'bubble bubble--mine' : 'bubble'}>
        <p class="chips">
          <span class={mine ? 'chip chip--ok' : 'chip'}>{demand.crop || demand.industry}</span>
          {demand.part ? <span class={mine ? 'chip chip--ok' : 'chip'}>{demand.part}</span> : null}
          {demand.urgent ? <span class="chip chip--over">{t('thread.urgent')}</span> : null}
        </p>
        <p class="gap-2 prewrap">{demand.text}</p>
        <PicturesOf consultation={consultation} names={demand.media ?? []} />
        {contact ? <p class="small muted gap-2">{t('thread.farmer', { name: contact.name })}</p> : null}
      </div>
      {mine ? <Receipt consultation={consultation} /> : null}
    </li>
  );
}

/** The photos of these names, in their order; those still on the way have no description yet. */
export function PicturesOf({
  consultation,
  names,
}: {
  consultation: Consultation;
  names: readonly string[];
}) {
  const known = new Map(consultation.media.map((media) => [media._id, media]));
  const missing = names.filter((name) => !known.has(mediaId(name))).length;
  if (names.length === 0) return null;
  return (
    <>
      <div class="shots gap-2">
        {names.map((name, n) => {
          const media = known.get(mediaId(name));
          return media ? <Picture key={name} media={media} label={t('photo.nth', { n: n + 1 })} /> : null;
        })}
      </div>
      {missing ? <p class="small muted">{t('photo.coming', { n: missing })}</p> : null}
    </>
  );
}

export function MineAt({ at }: { at: string }) {
  return (
    <div class="who who--mine">
      <time dateTime={at}>{whenLong(at)}</time>
    </div>
  );
}

function Reporter({ consultation }: { consultation: Consultation }) {
  const received = consultation.thread.find((event) => event.kind === 'received');
  return (
    <Who
      name={received?.reporter_name ?? t('thread.informant')}
      sub={received?.region_name}
      at={consultation.demand.at}
    />
  );
}

export function Who({ name, sub, at }: { name: string; sub?: string; at: string }) {
  return (
    <div class="who">
      <span class="face" aria-hidden="true">
        {name.slice(0, 1)}
      </span>
      <span>
        <b>{name}</b>
        {sub ? <small>{sub}</small> : null}
      </span>
      <time dateTime={at}>{whenLong(at)}</time>
    </div>
  );
}

function Receipt({ consultation }: { consultation: Consultation }) {
  if (consultation.received_at) {
    return <Tick>{t('thread.received', { time: clockTime(consultation.received_at) })}</Tick>;
  }
  if (leftDemands.value.has(consultation.id)) return <p class="tick">{t('state.left')}</p>;
  return isLocal(consultation) ? <TickLocal /> : <Tick>{t('thread.delivered')}</Tick>;
}

export function Tick({ children }: { children: string }) {
  return (
    <p class="tick">
      <Icon name="received" />
      {children}
    </p>
  );
}

export function TickLocal() {
  return (
    <p class="tick tick--local">
      <Icon name="clock" />
      {t('thread.on_phone')}
    </p>
  );
}
