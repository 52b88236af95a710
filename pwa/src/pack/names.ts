/** Known names in a text (search/concepts.py): 苞谷 and 玉米 are one crop, whatever the farmer calls it. */
import { charactersOf, type Text } from './text.ts';

/** One name found: its kind and its standard name. The same object for the same name. */
export interface Concept {
  kind: string;
  name: string;
}

/** [kind, standard name, ways to say it], as the pack's rules have it. */
export type NameRow = [string, string, string[]];

const MARK = '#';
const SUBJECTS = new Set(['crops', 'animals', 'others']);
/** One-character names are ordinary characters too often; they count only for animals. */
const SHORT = new Set('猪牛羊鸡鸭鹅鱼兔蚕蜂马驴狗');

export class Names {
  private readonly table = new Map<string, Concept>();
  /** First character -> how many characters the names that begin with it have, longest first. */
  private readonly lengths = new Map<string, number[]>();

  constructor(
    private readonly text: Text,
    rows: readonly NameRow[],
  ) {
    for (const [kind, name, ways] of rows) {
      const concept = { kind, name };
      for (const way of ways) this.add(text.foldKey(way), concept);
    }
    for (const lengths of this.lengths.values()) lengths.sort((a, b) => b - a);
  }

  /** Names in the text from left to right, the longest that fits at each place. */
  concepts(text: string): Concept[] {
    return this.inRuns(this.text.runs(text));
  }

  /** The same in runs that are there already. */
  inRuns(runs: readonly string[]): Concept[] {
    const found: Concept[] = [];
    for (const run of runs) {
      const characters = charactersOf(run);
      let place = 0;
      while (place < characters.length) place += this.at(characters, place, found);
    }
    return found;
  }

  /** The lexicon's own name for a crop or animal, or the name itself, trimmed, when it knows none. */
  standardCrop(name: string): string {
    const concept = this.table.get(this.text.foldKey(name));
    return concept && SUBJECTS.has(concept.kind) ? concept.name : name.trim();
  }

  /** The crops and animals in the crop field of a case. */
  cropSubjects(crop: string): Set<string> {
    return subjects(this.concepts(crop));
  }

  /** Takes the name at this place, if any, and says how far to go on. */
  private at(characters: readonly string[], place: number, found: Concept[]): number {
    for (const length of this.lengths.get(characters[place]!) ?? []) {
      if (place + length > characters.length) continue;
      const concept = this.table.get(characters.slice(place, place + length).join(''));
      if (!concept) continue;
      found.push(concept);
      return length;
    }
    return 1;
  }

  private add(word: string, concept: Concept): void {
    const characters = charactersOf(word);
    if (characters.length === 0 || (characters.length === 1 && !SHORT.has(word))) return;
    if (!this.table.has(word)) this.table.set(word, concept);
    const lengths = this.lengths.get(characters[0]!) ?? [];
    if (!lengths.includes(characters.length)) lengths.push(characters.length);
    this.lengths.set(characters[0]!, lengths);
  }
}

/** Concepts as tokens for the lexical index. */
export const conceptTokens = (found: Iterable<Concept>): string[] =>
  Array.from(found, (concept) => MARK + concept.name);

/** Whether a token stands for a concept; no token of a text begins so. */
export const isName = (token: string): boolean => token.startsWith(MARK);

/** Each concept once, by kind and name, in order. */
export function distinct(found: readonly Concept[]): Concept[] {
  return [...new Map(found.map((concept) => [keyOf(concept), concept])).values()];
}

/** Equal for equal concepts, wherever they were found. */
export const keyOf = ({ kind, name }: Concept): string => `${kind} ${name}`;

/** The crops and animals that a text is about. */
export const subjects = (found: Iterable<Concept>): Set<string> =>
  new Set(Array.from(found).flatMap((concept) => (SUBJECTS.has(concept.kind) ? [concept.name] : [])));
