/** The first password came from the county and must be changed before anything else (MISSION S1.9). */
import { useState } from 'preact/hooks';
import { back, replace } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Person } from '../../domain/person.ts';
import { person, typedPassword, updatePerson } from '../../store/session.ts';
import { NoAnswer, Refusal, request } from '../../sync/api.ts';
import { fetchProgramme } from '../../sync/county.ts';
import { nudge } from '../../sync/loop.ts';
import { Fault, Hint, PasswordField } from '../../ui/fields.tsx';
import { BackHead, Frame } from '../../ui/frame.tsx';

const LEAST = 8;

/** What is wrong with the second writing, in words; empty where nothing is. */
export function difference(first: string, second: string): string {
  if (first === second) return '';
  if (second.length === first.length - 1 && first.startsWith(second)) {
    return t('password.last_missing', { letter: first[first.length - 1]! });
  }
  return t('password.differs');
}

export function FirstPassword() {
  const forced = person.value?.must_change_password ?? false;
  const [old, setOld] = useState(typedPassword.value);
  const askOld = useState(typedPassword.value === '')[0];
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [pressed, setPressed] = useState(false);
  const [fault, setFault] = useState('');
  const tooShort = first.length > 0 && first.length < LEAST;
  const differs = second ? difference(first, second) : '';

  const submit = async () => {
    setPressed(true);
    setFault('');
    if (first.length < LEAST || first !== second) return;
    try {
      const answer = await request<{ person: Person }>('POST', '/api/password', { old, new: first });
      typedPassword.value = '';
      updatePerson(answer.person);
      void fetchProgramme().catch(() => undefined);
      nudge();
      if (forced && !answer.person.profile_complete) replace('/profile');
      else replace(forced ? '/' : '/me');
    } catch (error) {
      setFault(error instanceof NoAnswer ? t('login.no_network') : reasonOf(error));
    }
  };

  const shortFault = tooShort || (pressed && !first) ? t('password.too_short', { least: LEAST }) : '';
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Frame
        top={forced ? <Steps step={1} /> : <BackHead title={t('password.title')} to="/me" />}
        dock={
          <div class="dock">
            <button class="btn btn--main" type="submit">
              {t(forced ? 'password.submit' : 'password.submit_only')}
            </button>
          </div>
        }
      >
        <p class="lead">
          <b>{t('password.lead')}</b>
        </p>
        <div class="gap-5">
          {askOld ? (
            <PasswordField
              name={t('password.old')}
              value={old}
              onInput={setOld}
              autoComplete="current-password"
            />
          ) : null}
          <PasswordField
            name={t('password.new')}
            aside={t('password.least', { least: LEAST })}
            value={first}
            onInput={setFirst}
            autoComplete="new-password"
            fault={shortFault}
            hint={
              first.length >= LEAST ? (
                <Hint icon="check" ok>
                  {t('password.long_enough')}
                </Hint>
              ) : undefined
            }
          />
          <PasswordField
            name={t('password.again')}
            value={second}
            onInput={setSecond}
            autoComplete="new-password"
            fault={differs || (pressed && !second && first.length >= LEAST ? t('password.write_again') : '')}
          />
        </div>
        {fault ? <Fault>{fault}</Fault> : null}
        {forced ? null : (
          <button type="button" class="btn btn--quiet gap-4" onClick={() => back('/me')}>
            {t('password.not_now')}
          </button>
        )}
      </Frame>
    </form>
  );
}

export function Steps({ step }: { step: number }) {
  return (
    <div class="head">
      <h1>
        {t('password.hello', { name: person.value?.name ?? '' })}
        <small>{t('password.step', { step, of: 2 })}</small>
      </h1>
    </div>
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Refusal && error.reason ? error.reason : t('login.server_down');
}
