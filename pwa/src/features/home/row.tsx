/** One consultation in a list: how far, whose words, what next, when. */
import { t, tMaybe } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { isYours, subjectOf, titleOf } from '../../domain/grouping.ts';
import { demandId } from '../../domain/ids.ts';
import { isUnread, lastEvent, lastMoment } from '../../store/library.ts';
import { person } from '../../store/session.ts';
import { waiting } from '../../sync/outbox.ts';
import { leftDemands } from '../../sync/quarantine.ts';
import { Mark } from '../../ui/mark.tsx';
import { clockTime, whenShort } from '../../ui/when.ts';

export function ConsultationRow({ consultation }: { consultation: Consultation }) {
  const me = person.value!;
  const yours = isYours(consultation, me);
  const unread = isUnread(consultation, me.id);
  const local = isLocal(consultation);
  const Title = yours ? 'b' : 'span';
  return (
    <li>
      <a class={yours || unread ? 'row row--new' : 'row'} href={`#/c/${consultation.id}`}>
        <Mark step={consultation.step} yours={yours} tone={local ? 'local' : undefined} />
        <span class="row__body">
          <Title class="row__title clip2">{titleOf(consultation)}</Title>
          <span class="row__sub clip2">{stateLine(consultation)}</span>
        </span>
        <span class="row__end">
          <time dateTime={lastMoment(consultation)}>{whenShort(lastMoment(consultation))}</time>
          {unread ? <i class="dot" role="img" aria-label={t('home.unread')} /> : null}
        </span>
      </a>
    </li>
  );
}

/** Whether the county has not confirmed it yet. */
export function isLocal(consultation: Consultation): boolean {
  return (
    consultation.received_at === null && waiting.value.some((item) => item.id === demandId(consultation.id))
  );
}

/** One line: the state and the next step. */
export function stateLine(consultation: Consultation): string {
  const last = lastEvent(consultation);
  const values = {
    name: consultation.expert_name ?? '',
    text: last?.text?.split('\n')[0] ?? '',
    reason: last?.reason ?? '',
    due: consultation.reply_due ? clockTime(consultation.reply_due) : '',
    subject: subjectOf(consultation),
  };
  if (leftDemands.value.has(consultation.id)) return t('state.left');
  if (consultation.state === 'sent') return t(isLocal(consultation) ? 'state.local' : 'state.sent');
  if (consultation.state === 'assigned' && !consultation.reply_due) return t('state.assigned_open', values);
  if (consultation.state === 'reopened' && last?.kind === 'declined') return t('state.declined', values);
  return forReader(`state.${consultation.state}`, consultation, values);
}

/** The same state reads differently to its reporter, to an expert, and to a township lead who looks on. */
export function forReader(
  key: string,
  consultation: Consultation,
  values: Record<string, string> = {},
): string {
  const me = person.value;
  const mine = consultation.demand.reporter === me?.id;
  const suffix = mine ? '' : me?.role === 'expert' ? '_expert' : '_seen';
  return tMaybe(key + suffix, values) || (mine || !key.startsWith('next.') ? tMaybe(key, values) : '');
}
