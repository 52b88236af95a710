/** What this person said of which case, for which question: once each, also without a network. */
import { author, save } from '../../app/workspace.ts';
import { newFeedback, type Judgement } from '../../domain/documents.ts';
import { keep, kept } from '../../store/kept.ts';
import { person } from '../../store/session.ts';

/** Remembered, newest last; who comes back to an older one may say it again. */
const REMEMBERED = 300;

type Said = [key: string, helpful: boolean];

/** What was said; null for nothing yet. */
export function judged(found: string, text: string): boolean | null {
  const said = all().find(([key]) => key === keyOf(found, text));
  return said ? said[1] : null;
}

/** Stores it on the phone, as everything else that is to be sent. */
export async function judge(judgement: Judgement): Promise<void> {
  if (judged(judgement.case, judgement.text) !== null) return;
  await save([newFeedback(author(), judgement)]);
  const said: Said = [keyOf(judgement.case, judgement.text), judgement.helpful];
  keep(name(), [...all(), said].slice(-REMEMBERED));
}

const all = (): Said[] => kept<Said[]>(name(), []);
const name = () => `judged.${person.value?.id ?? ''}`;
/** Commas and spaces do not make another question. */
const keyOf = (found: string, text: string) =>
  `${found} ${text.replace(/[^\p{L}\p{N}]/gu, '').slice(0, 200)}`;
