/** The navigation at the bottom: what it holds follows from the person's role. */
import { t } from '../catalogue/catalogue.ts';
import { route } from '../app/route.ts';
import { person } from '../store/session.ts';
import { toDo, unsentCount } from '../app/state.ts';
import { Icon } from './icon.tsx';

interface Entry {
  to: string;
  icon: string;
  label: string;
  count?: number;
}

function entries(): Entry[] {
  const unsent = { to: '#/unsent', icon: 'cloud-up', label: t('nav.unsent'), count: unsentCount.value };
  const me = { to: '#/me', icon: 'person', label: t('nav.me') };
  switch (person.value?.role) {
    case 'expert':
      return [
        { to: '#/', icon: 'clock', label: t('nav.queue'), count: toDo.value },
        { to: '#/answered', icon: 'received', label: t('nav.answered') },
        unsent,
        me,
      ];
    case 'township_lead':
      return [
        { to: '#/', icon: 'bubble', label: t('nav.township') },
        { to: '#/similar', icon: 'bubbles', label: t('nav.similar') },
        unsent,
        me,
      ];
    default:
      return [
        { to: '#/', icon: 'bubble', label: t('nav.home') },
        { to: '#/similar', icon: 'bubbles', label: t('nav.similar') },
        unsent,
        me,
      ];
  }
}

export function Nav() {
  const here = `#${route.value.path}`;
  return (
    <nav class="nav" aria-label={t('nav.label')}>
      {entries().map((entry) => (
        <a key={entry.to} href={entry.to} aria-current={entry.to === here ? 'page' : undefined}>
          <Icon name={entry.icon} />
          {entry.label}
          {entry.count ? <b class="count">{entry.count}</b> : null}
        </a>
      ))}
    </nav>
  );
}
