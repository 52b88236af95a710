/** Which screen is on. */
import { useEffect } from 'preact/hooks';
import { t } from '../catalogue/catalogue.ts';
import { worksAtDesk } from '../domain/person.ts';
import { Answer } from '../features/answer/answer.tsx';
import { Fix } from '../features/fix/fix.tsx';
import { Home } from '../features/home/home.tsx';
import { FirstPassword } from '../features/login/first-password.tsx';
import { Login } from '../features/login/login.tsx';
import { Office } from '../features/login/office.tsx';
import { Profile } from '../features/login/profile.tsx';
import { Me } from '../features/me/me.tsx';
import { Answered, Queue } from '../features/queue/queue.tsx';
import { CropPicker } from '../features/report/crop-picker.tsx';
import { Report } from '../features/report/report.tsx';
import { Similar } from '../features/similar/similar.tsx';
import { Thread } from '../features/thread/thread.tsx';
import { Unsent } from '../features/unsent/unsent.tsx';
import { ready } from '../store/library.ts';
import { person } from '../store/session.ts';
import { Toast } from '../ui/toast.tsx';
import { Empty } from '../ui/frame.tsx';
import { route } from './route.ts';
import { storageFault } from './workspace.ts';

export function App() {
  const { path } = route.value;
  useEffect(() => {
    document.title = t('app.name');
  });
  return (
    <>
      {screen(path)}
      <Toast />
    </>
  );
}

function screen(path: string) {
  const me = person.value;
  if (!me || path === '/login') return <Login />;
  if (me.must_change_password || path === '/first-password') return <FirstPassword />;
  if (path === '/profile') return <Profile />;
  if (worksAtDesk(me)) return <Office />;
  if (storageFault.value) return <Waiting text={t('storage.fault')} />;
  if (!ready.value) return <Waiting text={t('app.opening')} />;
  return inner(path, me.role === 'expert');
}

function inner(path: string, expert: boolean) {
  const [, first, second] = path.split('/');
  switch (first) {
    case 'report':
      return second === 'crop' ? <CropPicker /> : <Report />;
    case 'c':
      return <Thread key={second} id={second ?? ''} />;
    case 'answer':
      return <Answer key={second} id={second ?? ''} />;
    case 'similar':
      return <Similar />;
    case 'answered':
      return <Answered />;
    case 'unsent':
      return <Unsent />;
    case 'fix':
      return <Fix key={second} demand={second ?? ''} />;
    case 'me':
      return <Me />;
    default:
      return expert ? <Queue /> : <Home />;
  }
}

function Waiting({ text }: { text: string }) {
  return (
    <div class="app">
      <main class="app__main">
        <Empty title={text} />
      </main>
    </div>
  );
}
