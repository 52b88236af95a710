/** 我: how the screen looks, whose phone it is, and leaving without losing anything. */
import { useState } from 'preact/hooks';
import { unsentCount } from '../../app/state.ts';
import { t } from '../../catalogue/catalogue.ts';
import { reports, type Person } from '../../domain/person.ts';
import { programme } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { language, textSize, theme, type Language, type TextSize, type Theme } from '../../store/settings.ts';
import { logOut } from '../../sync/api.ts';
import { nudge } from '../../sync/loop.ts';
import { Segment } from '../../ui/fields.tsx';
import { BrandHead, Frame, Section } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Nav } from '../../ui/nav.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { shownConsultations } from '../../app/state.ts';
import { PackRow } from './pack.tsx';

export function Me() {
  const me = person.value!;
  const [leaving, setLeaving] = useState(false);
  return (
    <Frame top={<BrandHead title={me.name} sub={dutyOf(me)} />} nav={<Nav />}>
      {me.role === 'informant' ? <ThisYear /> : null}
      {reports(me) ? <PackRow /> : null}
      <Section title={t('me.text_size')}>
        <Segment<TextSize>
          name={t('me.text_size')}
          value={textSize.value}
          onChange={(value) => (textSize.value = value)}
          choices={[
            { value: 'm', label: <span class="size-m">{t('me.size_m')}</span> },
            { value: 'l', label: <span class="size-l">{t('me.size_l')}</span> },
            { value: 'xl', label: <span class="size-xl">{t('me.size_xl')}</span> },
          ]}
        />
      </Section>
      <Section title={t('me.screen')}>
        <Segment<Theme>
          name={t('me.screen')}
          value={theme.value}
          onChange={(value) => (theme.value = value)}
          choices={[
            { value: 'light', label: t('me.theme_light') },
            { value: 'sun', label: t('me.theme_sun') },
            { value: 'dark', label: t('me.theme_dark') },
          ]}
        />
      </Section>
      <Section title={t('me.language')}>
        <Segment<Language>
          name={t('me.language')}
          value={language.value}
          onChange={(value) => (language.value = value)}
          choices={[
            { value: 'zh-CN', label: '中文' },
            { value: 'en', label: 'English' },
          ]}
        />
      </Section>
      <ul class="card rows gap-5">
        <li>
          <a class="row" href="#/first-password">
            <Icon name="lock" />
            <span class="row__body">
              <span class="row__title">{t('me.password')}</span>
            </span>
            <Icon name="forward" />
          </a>
        </li>
        <li>
          <button class="row" onClick={() => setLeaving(true)}>
            <Icon name="switch" />
            <span class="row__body">
              <span class="row__title">{t('me.switch')}</span>
              <span class="row__sub">{t('me.switch_hint')}</span>
            </span>
            <Icon name="forward" />
          </button>
        </li>
      </ul>
      <p class="small muted gap-4">
        {programme.value
          ? t('me.about', { county: programme.value.county_name, group: programme.value.group_number })
          : null}
        <br />
        {t('me.version', { version: __VERSION__ })}
      </p>
      {leaving ? <Leave onClose={() => setLeaving(false)} /> : null}
    </Frame>
  );
}

/** Place and title; a title that names the place says it once. */
function dutyOf(me: Person): string {
  const title = me.title || t(`role.${me.role}`);
  if (me.role === 'expert') return title;
  const place = me.region_name.split(' ').filter((name) => !title.includes(name));
  return [...place, title].join(' ');
}

function ThisYear() {
  const me = person.value!;
  const year = String(new Date().getFullYear());
  const mine = shownConsultations.value.filter(
    (each) => each.demand.reporter === me.id && each.demand.at.startsWith(year),
  );
  const valid = mine.filter((each) => each.verdict === 'valid').length;
  return (
    <Section title={t('me.this_year')}>
      <div class="card card--pad">
        <p>
          <b class="num figure">{mine.length}</b> {t('me.reported')}
        </p>
        <p class="row__sub">{t('me.valid', { n: valid })}</p>
      </div>
    </Section>
  );
}

/** Somebody else may use the phone only when nothing of this person is still waiting. */
function Leave({ onClose }: { onClose: () => void }) {
  const waiting = unsentCount.value;
  return (
    <Sheet title={t('me.leave_title')} onClose={onClose}>
      <p class="muted">{waiting ? t('me.leave_unsent', { n: waiting }) : t('me.leave_text')}</p>
      {waiting ? (
        <button
          class="btn btn--main btn--wide gap-4"
          onClick={() => {
            nudge();
            location.hash = '#/unsent';
          }}
        >
          {t('me.send_first')}
        </button>
      ) : (
        <button class="btn btn--main btn--wide gap-4" onClick={() => void logOut()}>
          {t('me.log_out')}
        </button>
      )}
      <button class="btn btn--quiet btn--wide gap-1" onClick={onClose}>
        {t('me.stay')}
      </button>
    </Sheet>
  );
}
