/** The informant rates the expert (MISSION S2.2). */
import { useState } from 'preact/hooks';
import { t, tMaybe } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { Fault, Field } from '../../ui/fields.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { write } from './write.ts';

const STARS = [1, 2, 3, 4, 5];

export function Rate({ consultation, onClose }: { consultation: Consultation; onClose: () => void }) {
  const [stars, setStars] = useState(0);
  const [text, setText] = useState('');
  const [pressed, setPressed] = useState(false);
  const name = consultation.expert_name ?? t('thread.expert');
  const submit = async () => {
    setPressed(true);
    if (!stars) return;
    const rating = { stars, ...(text.trim() ? { text: text.trim() } : {}) };
    if (await write(consultation, 'rated', rating)) onClose();
  };
  return (
    <Sheet title={t('rate.title', { name })} face={name.slice(0, 1)} onClose={onClose}>
      <fieldset class="stars">
        <legend class="sr">{t('rate.legend')}</legend>
        {STARS.map((n) => (
          <label key={n} class={n <= stars ? 'full' : ''}>
            <input type="radio" name="stars" checked={n === stars} onChange={() => setStars(n)} />
            <Icon name="star" />
            {tMaybe(`stars.${n}`)}
          </label>
        ))}
      </fieldset>
      {pressed && !stars ? <Fault>{t('rate.missing')}</Fault> : null}
      <div class="gap-4">
        <Field
          name={t('rate.text')}
          hideName
          placeholder={t('rate.text_hint')}
          value={text}
          onInput={setText}
          maxLength={1000}
        />
      </div>
      <button class="btn btn--main btn--wide gap-4" onClick={() => void submit()}>
        {t('rate.submit')}
      </button>
      <button class="btn btn--quiet btn--wide gap-1" onClick={onClose}>
        {t('rate.later')}
      </button>
    </Sheet>
  );
}
