/** For people who work at a desk: their pages are elsewhere. */
import { t } from '../../catalogue/catalogue.ts';
import { person } from '../../store/session.ts';
import { logOut } from '../../sync/api.ts';
import { Brand } from './login.tsx';

export function Office() {
  return (
    <div class="app">
      <main class="app__main login">
        <Brand />
        <p class="lead">
          <b>{t('office.title', { name: person.value?.name ?? '' })}</b>
        </p>
        <p class="gap-2">{t('office.text')}</p>
      </main>
      <footer class="app__bottom bare">
        <div class="dock dock--stack">
          <a class="btn btn--main" href="/console/">
            {t('office.open')}
          </a>
          <button class="btn btn--quiet" onClick={() => void logOut()}>
            {t('me.log_out')}
          </button>
        </div>
      </footer>
    </div>
  );
}
