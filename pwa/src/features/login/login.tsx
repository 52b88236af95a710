/** Logging in. The first time needs the network; afterwards the phone remembers (MISSION S1.9). */
import { useRef, useState } from 'preact/hooks';
import { go, replace, route } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Person } from '../../domain/person.ts';
import { hotline } from '../../store/programme.ts';
import { beginSession, people, person, typedPassword } from '../../store/session.ts';
import { NoAnswer, reach, Refusal, request } from '../../sync/api.ts';
import { fetchProgramme } from '../../sync/county.ts';
import { nudge } from '../../sync/loop.ts';
import { Fault, Field, Hint, PasswordField } from '../../ui/fields.tsx';
import { Logo } from '../../ui/icon.tsx';

interface LoginAnswer {
  token: string;
  device: string;
  person: Person;
}

export function Login() {
  const [phone, setPhone] = useState(people.value[0]?.phone ?? '');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const phoneBox = useRef<HTMLElement>(null);
  const passwordBox = useRef<HTMLElement>(null);

  const submit = async () => {
    if (busy) return;
    if (!phone.trim()) return missing('login.missing_phone', phoneBox.current);
    if (!password) return missing('login.missing_password', passwordBox.current);
    setBusy(true);
    setFault('');
    try {
      await logIn(phone.replace(/\s/g, ''), password);
    } catch (error) {
      setFault(faultOf(error));
    } finally {
      setBusy(false);
    }
  };
  const missing = (key: 'login.missing_phone' | 'login.missing_password', box: HTMLElement | null) => {
    setFault(t(key));
    box?.focus();
  };

  return (
    <form
      class="app"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <main class="app__main login">
        <Brand />
        {person.value ? (
          <p class="note note--you login__note">
            <span>{t('login.again')}</span>
          </p>
        ) : null}
        <Field
          name={t('login.phone')}
          value={phone}
          onInput={setPhone}
          inputMode="tel"
          autoComplete="username"
          control={phoneBox}
        />
        <PasswordField
          name={t('login.password')}
          value={password}
          onInput={setPassword}
          autoComplete="current-password"
          control={passwordBox}
        />
        {fault ? <Fault>{fault}</Fault> : <Hint>{t('login.needs_network')}</Hint>}
      </main>
      <footer class="app__bottom bare">
        <div class="dock dock--stack">
          <button class="btn btn--main" type="submit">
            {t(busy ? 'login.busy' : 'login.submit')}
          </button>
          {person.value ? (
            <a class="btn btn--quiet" href="#/">
              {t('login.not_now')}
            </a>
          ) : hotline.value ? (
            <a class="btn btn--quiet" href={`tel:${hotline.value.replace(/[^0-9+]/g, '')}`}>
              {t('login.hotline')}
            </a>
          ) : null}
        </div>
      </footer>
    </form>
  );
}

export function Brand() {
  return (
    <div class="login__brand">
      <span class="logo-big">
        <Logo />
      </span>
      <div>
        <h1>{t('app.name')}</h1>
        <p class="muted">{t('app.slogan')}</p>
      </div>
    </div>
  );
}

async function logIn(phone: string, password: string): Promise<void> {
  const answer = await request<LoginAnswer>('POST', '/api/login', {
    phone,
    password,
    device_name: navigator.userAgent.slice(0, 120),
  });
  beginSession(answer, phone);
  typedPassword.value = answer.person.must_change_password ? password : '';
  reach.value = 'ok';
  nudge();
  if (answer.person.must_change_password) return replace('/first-password');
  void fetchProgramme().catch(() => undefined);
  if (route.value.path === '/login') replace('/');
  else go('/');
}

function faultOf(error: unknown): string {
  if (error instanceof NoAnswer) return t('login.no_network');
  if (error instanceof Refusal && error.reason) return error.reason;
  return t('login.server_down');
}
