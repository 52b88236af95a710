/** The sync line, on every screen. On inner screens it shrinks into the header when all has arrived. */
import { t, tMaybe } from '../catalogue/catalogue.ts';
import { currentSentence } from '../app/state.ts';
import { Icon } from './icon.tsx';

export function SyncLine() {
  const line = currentSentence.value;
  return (
    <a class={`sync${line.tone === 'plain' ? '' : ` sync--${line.tone}`}`} href={line.to}>
      <Icon name={line.icon} />
      <span role="status">
        {line.tone === 'ok' ? (
          <>
            <b>{tMaybe(line.strong, line.values)}</b> · {tMaybe(line.lead, line.values)}
          </>
        ) : (
          <>
            {tMaybe(line.lead, line.values)}
            {line.strong ? <b>{tMaybe(line.strong, line.values)}</b> : null}
          </>
        )}
      </span>
      <Icon name="forward" />
      {line.progress === undefined ? null : (
        <div class="bar bar--local" style={{ '--v': `${Math.round(line.progress * 100)}%` }}>
          <i />
        </div>
      )}
    </a>
  );
}

export function SyncSmall() {
  return (
    <a class="sync sync--ok sync--small" href="#/unsent">
      <Icon name="received" />
      <span role="status">{t('sync.ok')}</span>
    </a>
  );
}

export const allArrived = () => currentSentence.value.tone === 'ok';
