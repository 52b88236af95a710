/** What ranking needs of every case, read once (search/columns.py and search/segment.py). */
import { monthOf, type Setting } from './boosts.ts';
import type { CaseRow } from './held.ts';
import { Counts, Lexical, type WordRules } from './lexical.ts';
import { conceptTokens, distinct, subjects, type Concept, type Names } from './names.ts';
import { isBigram, lengthOf, tokensOf, type Text } from './text.ts';

/** One case: where and when it was, what its question names, and what it is about. */
export interface Column extends Setting {
  foldKey: string;
  /** Characters of the question, punctuation aside. */
  length: number;
  names: readonly Concept[];
  about: ReadonlySet<string>;
}

export interface Columns {
  rows: Column[];
  questions: Lexical;
  answers: Lexical;
}

/** A text taken apart. */
export interface Analysed {
  runs: string[];
  tokens: string[];
  names: Concept[];
}

export function analyse(text: Text, names: Names, words: string): Analysed {
  const runs = text.runs(words);
  return { runs, tokens: tokensOf(runs), names: names.inRuns(runs) };
}

/** What the lexical index holds of a question, and asks for: characters, bigrams and the names in it. */
export const questionTerms = ({ tokens, names }: Analysed): string[] => [...tokens, ...conceptTokens(names)];

/** What it holds of a reply: bigrams and words, and each name once; single characters match everything. */
export const answerTerms = ({ tokens, names }: Analysed): string[] => [
  ...tokens.filter(isBigram),
  ...conceptTokens(distinct(names)),
];

export function columnsOf(cases: readonly CaseRow[], text: Text, names: Names, rules: WordRules): Columns {
  const questions = new Counts();
  const answers = new Counts();
  const rows = cases.map(([, question, answer, industry, crop, region, date]): Column => {
    const asked = analyse(text, names, question);
    questions.add(questionTerms(asked));
    answers.add(answerTerms(analyse(text, names, answer)));
    const foldKey = asked.runs.join('');
    return {
      industry: industry.trim(),
      crop: names.standardCrop(crop),
      region: region.trim(),
      month: monthOf(date),
      foldKey,
      length: lengthOf(foldKey),
      names: asked.names,
      about: new Set([...subjects(asked.names), ...names.cropSubjects(crop)]),
    };
  });
  return { rows, questions: new Lexical(rules, questions), answers: new Lexical(rules, answers) };
}
