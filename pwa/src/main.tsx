import '../../server/static/style/tokens.css';
import '../../server/static/style/components.css';
import './app/phone.css';
import { render } from 'preact';
import { App } from './app/app.tsx';
import { checkStorage } from './app/state.ts';
import { registerWorker } from './app/worker.ts';
import { followSession } from './app/workspace.ts';
import { loadLanguage } from './catalogue/catalogue.ts';
import { applySettings } from './store/settings.ts';

applySettings(document.documentElement);
followSession();
void loadLanguage().then(() => render(<App />, document.getElementById('app')!));
void registerWorker();
void checkStorage();
