/** The rest of the roster that only the person knows (MISSION S1.9, S1.10). All of it may wait. */
import { useState } from 'preact/hooks';
import { replace } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Person } from '../../domain/person.ts';
import { programme } from '../../store/programme.ts';
import { person, updatePerson } from '../../store/session.ts';
import { NoAnswer, Refusal, request } from '../../sync/api.ts';
import { Fault, Field, Segment } from '../../ui/fields.tsx';
import { Frame } from '../../ui/frame.tsx';
import { Steps } from './first-password.tsx';

type Sex = 'female' | 'male';

export function Profile() {
  const me = person.value!;
  const [unit, setUnit] = useState('');
  const [sex, setSex] = useState<Sex | ''>('');
  const [village, setVillage] = useState('');
  const [fault, setFault] = useState('');
  const villages = villagesFor(me);

  const submit = async () => {
    setFault('');
    const filled = {
      ...(unit.trim() ? { work_unit: unit.trim() } : {}),
      ...(sex ? { sex } : {}),
      ...(village ? { village } : {}),
    };
    if (Object.keys(filled).length === 0) return replace('/');
    try {
      updatePerson((await request<{ person: Person }>('PUT', '/api/profile', filled)).person);
      replace('/');
    } catch (error) {
      if (error instanceof NoAnswer) setFault(t('profile.no_network'));
      else setFault(error instanceof Refusal && error.reason ? error.reason : t('login.server_down'));
    }
  };

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Frame
        top={<Steps step={2} />}
        dock={
          <div class="dock dock--stack">
            <button class="btn btn--main" type="submit">
              {t('profile.submit')}
            </button>
            <button class="btn btn--quiet" type="button" onClick={() => replace('/')}>
              {t('profile.later')}
            </button>
          </div>
        }
      >
        <p class="lead">
          <b>{t('profile.lead')}</b>
        </p>
        <p class="muted gap-1">{t('profile.from_centre', { place: me.region_name })}</p>
        <div class="gap-5">
          <Segment
            name={t('profile.sex')}
            showName
            value={sex}
            onChange={setSex}
            choices={[
              { value: 'female', label: t('profile.female') },
              { value: 'male', label: t('profile.male') },
            ]}
          />
          <Field name={t('profile.unit')} value={unit} onInput={setUnit} maxLength={40} />
          {villages.length ? (
            <label class="field">
              <span class="field__name">{t('profile.village')}</span>
              <select
                class="input"
                value={village}
                onChange={(event) => setVillage(event.currentTarget.value)}
              >
                <option value="">{t('profile.village_none')}</option>
                {villages.map((each) => (
                  <option key={each.code} value={each.code}>
                    {each.name}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
        </div>
        {fault ? <Fault>{fault}</Fault> : null}
      </Frame>
    </form>
  );
}

/** Villages to choose from, where the centre gave only the township. */
function villagesFor(me: Person) {
  if (me.role !== 'informant' || !me.region.endsWith('000')) return [];
  return programme.value?.townships.find((each) => each.code === me.region)?.villages ?? [];
}
