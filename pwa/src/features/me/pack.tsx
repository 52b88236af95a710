/** 离线找类似: what the phone keeps for the days without a network, and getting it. */
import { online } from '../../app/state.ts';
import { t } from '../../catalogue/catalogue.ts';
import { fault, fetchNow, held, running, underway, waits } from '../../pack/pack.ts';
import { reach } from '../../sync/api.ts';
import { waiting } from '../../sync/outbox.ts';
import { Section } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { whenShort } from '../../ui/when.ts';

export function PackRow() {
  const has = held.value;
  return (
    <Section title={t('pack.title')}>
      <div class="card card--pad">
        <div class="pack">
          <Icon name={has ? 'received' : 'download'} />
          <p class="row__body" role="status">
            <b class="row__title">{has ? t('pack.ready', { n: has.count }) : t('pack.none')}</b>
            <span class="row__sub">{has ? aboutHeld(has) : t('pack.about')}</span>
          </p>
        </div>
        <Underway />
        {saying() ? <p class="small muted gap-2">{saying()}</p> : null}
        {fault.value === 'unable' || running.value ? null : (
          <button class="btn btn--soft btn--wide gap-3" onClick={fetchNow}>
            {t(has ? 'pack.look' : 'pack.fetch')}
          </button>
        )}
      </div>
    </Section>
  );
}

function Underway() {
  const file = underway.value;
  if (!file || file.total === 0) return null;
  const values = { done: sizeOf(file.done), total: sizeOf(file.total) };
  return (
    <div class="gap-3">
      <div class="bar" style={{ '--v': `${Math.round((100 * file.done) / file.total)}%` }}>
        <i />
      </div>
      <p class="small muted gap-1">{t(running.value ? 'pack.loading' : 'pack.paused', values)}</p>
    </div>
  );
}

/** Why it does not go on, and what happens next. */
function saying(): string {
  if (fault.value) return t(`pack.fault_${fault.value}`);
  if (!waits.value) return '';
  if (!online.value || reach.value === 'offline') return t('pack.when_online');
  return waiting.value.length ? t('pack.after_sending') : t('pack.soon');
}

function aboutHeld({ bytes, at, leftOut }: NonNullable<typeof held.value>): string {
  const facts = { size: sizeOf(bytes), when: whenShort(new Date(at).toISOString()) };
  return `${leftOut ? t('pack.newest_only') : ''}${t('pack.facts', facts)}`;
}

const sizeOf = (bytes: number): string => t('pack.megabytes', { n: (bytes / 1e6).toFixed(1) });
