/**
 * Text to tokens, exactly as search/text.py has it: its docstring is the contract of both. Everything goes by code
 * points, so that a rare character beyond U+FFFF counts as one here as there.
 */

const TAG = /<\/?[a-z][^<>]*>/g;
const HAN = '\\u3007\\u3400-\\u4dbf\\u4e00-\\u9fff\\u{20000}-\\u{3ffff}';
const RUN = new RegExp(`[${HAN}]+|[a-z0-9]+`, 'gu');
const CHINESE = /[\u3007\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
/** What Python's `str.split` calls white space; JavaScript's \s differs in five characters. */
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
const BEYOND = /[\ud800-\udfff]/;

/** Traditional character -> simplified. */
export type Traditional = ReadonlyMap<string, string>;

export class Text {
  constructor(private readonly traditional: Traditional) {}

  /** NFKC, lower case, tags gone, simplified, white space collapsed. */
  normalise(text: string): string {
    return this.plain(text).replace(SPACES, ' ').replace(/^ | $/g, '');
  }

  /** The stretches of Chinese characters, letters and digits of the normalised text. */
  runs(text: string): string[] {
    return this.plain(text).match(RUN) ?? [];
  }

  /** Overlapping characters and character bigrams; repeated tokens stay repeated. */
  tokens(text: string): string[] {
    return tokensOf(this.runs(text));
  }

  /** Equal for two questions that differ only in case, width, punctuation, spaces or script. */
  foldKey(text: string): string {
    return this.runs(text).join('');
  }

  private plain(text: string): string {
    const lower = text.normalize('NFKC').toLowerCase().replace(TAG, ' ');
    let plain = '';
    for (const character of lower) plain += this.traditional.get(character) ?? character;
    return plain;
  }
}

/** The tokens of runs. */
export function tokensOf(runs: readonly string[]): string[] {
  const found: string[] = [];
  for (const run of runs) {
    if (isLatin(run)) {
      found.push(run);
      continue;
    }
    const characters = charactersOf(run);
    for (let place = 0; place < characters.length; place++) {
      found.push(characters[place]!);
      if (place + 1 < characters.length) found.push(characters[place]! + characters[place + 1]!);
    }
  }
  return found;
}

/** A text's code points, each as a text of its own. */
export const charactersOf = (text: string): string[] =>
  BEYOND.test(text) ? Array.from(text) : text.split('');

/** How many code points. */
export const lengthOf = (text: string): number => (BEYOND.test(text) ? Array.from(text).length : text.length);

/** The first `count` code points. */
export function cutTo(text: string, count: number): string {
  return text.length <= count ? text : charactersOf(text).slice(0, count).join('');
}

/** Whether the token is a Chinese bigram or a Latin or digit run, i.e. carries more than one character. */
export const isBigram = (token: string): boolean =>
  token.length > 2 || (token.length === 2 && !BEYOND.test(token));

/** Whether any character is Chinese; a question without one is pinyin or English. */
export const hasChinese = (text: string): boolean => CHINESE.test(text);

const isLatin = (run: string): boolean => run.charCodeAt(0) < 128;
