/** The frame of a screen: header with the sync line, content, one primary action at the thumb, navigation. */
import type { ComponentChildren } from 'preact';
import { back } from '../app/route.ts';
import { t } from '../catalogue/catalogue.ts';
import { hotline } from '../store/programme.ts';
import { Icon, Logo } from './icon.tsx';
import { allArrived, SyncLine, SyncSmall } from './syncline.tsx';

interface FrameProps {
  top: ComponentChildren;
  children: ComponentChildren;
  dock?: ComponentChildren;
  nav?: ComponentChildren;
  class?: string;
}

export function Frame({ top, children, dock, nav, class: extra }: FrameProps) {
  return (
    <div class="app">
      <header class="app__top">{top}</header>
      <main class={`app__main ${extra ?? ''}`}>{children}</main>
      {dock || nav ? (
        <footer class="app__bottom">
          {dock}
          {nav ? <div class={dock ? 'nav--in-dock' : ''}>{nav}</div> : null}
        </footer>
      ) : null}
    </div>
  );
}

/** Top of the screens that the navigation leads to. */
export function BrandHead({ title, sub, end }: { title: string; sub?: string; end?: ComponentChildren }) {
  return (
    <>
      <div class="head head--brand">
        <Logo />
        <h1>
          {title}
          {sub ? <small>{sub}</small> : null}
        </h1>
        {end ?? <CallHotline />}
      </div>
      <SyncLine />
    </>
  );
}

/** Top of the inner screens. */
export function BackHead({ title, small = false, end, to }: BackHeadProps) {
  const quiet = allArrived();
  return (
    <>
      <div class="head head--back">
        <button class="iconbtn" aria-label={t('nav.back')} onClick={() => back(to)}>
          <Icon name="back" />
        </button>
        <h1 class={small ? 'clip1 head__small' : ''}>{title}</h1>
        {end ?? (quiet ? <SyncSmall /> : null)}
      </div>
      {quiet && !end ? null : <SyncLine />}
    </>
  );
}

interface BackHeadProps {
  title: string;
  small?: boolean;
  end?: ComponentChildren;
  /** Where it leads when there is nothing to go back to. */
  to?: string;
}

export function CallHotline() {
  return hotline.value ? (
    <a class="iconbtn iconbtn--text" href={`tel:${hotline.value.replace(/[^0-9+]/g, '')}`}>
      <Icon name="phone" />
      {t('nav.hotline')}
    </a>
  ) : null;
}

export function Section({
  title,
  end,
  children,
}: {
  title: string;
  end?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="group" aria-label={title}>
      <div class="sec">
        <h2>{title}</h2>
        {end === undefined ? null : <span class="num">{end}</span>}
      </div>
      {children}
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="card empty">
      <svg class="tian tian--l tian--wait" viewBox="0 0 40 40" aria-hidden="true">
        <path d="M5 4h30a1 1 0 0 1 1 1v30a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM20 4v32M4 20h32" />
      </svg>
      <strong>{title}</strong>
      {children}
    </div>
  );
}
