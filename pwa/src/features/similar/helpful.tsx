/** 有用 / 没用, under a past case that somebody opened. */
import { useRef, useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { Fault } from '../../ui/fields.tsx';
import { judge, judged } from './judged.ts';

interface HelpfulProps {
  found: SimilarCase;
  /** What was asked. */
  text: string;
  /** Whether the phone found it. */
  offline: boolean;
}

export function Helpful({ found, text, offline }: HelpfulProps) {
  const [choice, setChoice] = useState(() => judged(found.id, text));
  const [fault, setFault] = useState('');
  const busy = useRef(false);
  const say = async (helpful: boolean) => {
    if (choice !== null || busy.current) return;
    busy.current = true;
    try {
      await judge({ text, case: found.id, helpful, offline });
      setChoice(helpful);
      setFault('');
    } catch {
      setFault(t('report.not_stored'));
    } finally {
      busy.current = false;
    }
  };
  return (
    <div class="helpful" role="group" aria-label={t('similar.helpful_question')}>
      <p class="small muted" role="status">
        {t(choice === null ? 'similar.helpful_question' : 'similar.helpful_thanks')}
      </p>
      <div class="helpful__answers">
        {[true, false].map((helpful) => (
          <button
            key={String(helpful)}
            class={choice === helpful ? 'btn btn--soft' : 'btn btn--quiet'}
            aria-pressed={choice === helpful}
            onClick={() => void say(helpful)}
          >
            {t(helpful ? 'similar.helpful_yes' : 'similar.helpful_no')}
          </button>
        ))}
      </div>
      {fault ? <Fault>{fault}</Fault> : null}
    </div>
  );
}
