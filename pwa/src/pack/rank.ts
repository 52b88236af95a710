/** From a question to the cases most like it (search/ranking.py, search/asking.py), over all cases of the pack. */
import { monthOf, NOWHERE } from './boosts.ts';
import { analyse, answerTerms, columnsOf, questionTerms, type Columns } from './columns.ts';
import { confidence, type Evidence } from './confidence.ts';
import { Encoder } from './encoder.ts';
import { score, type Asked, type Matches, type Scored } from './evidence.ts';
import { Shown } from './fold.ts';
import type { CaseRow, Held } from './held.ts';
import type { Lexical } from './lexical.ts';
import { isName, Names, subjects } from './names.ts';
import type { Hit, Question, Similar } from './question.ts';
import { isRules, type Numbers, type Weights } from './rules.ts';
import { cutTo, hasChinese, isBigram, lengthOf, Text } from './text.ts';
import { cosine, cosines, type Vectors } from './vectors.ts';

/** A case found: its score, 0 to 1, how sure we are that it helps, and why. */
export interface Ranked extends Evidence {
  row: number;
  score: number;
  confidence: number;
}

interface Query extends Asked {
  vector: Float32Array;
  terms: string[];
  answerTerms: string[];
  /** Words that the encoder does not know. */
  strange: string[];
}

/** Characters of a question that are used. */
const LONGEST = 500;
/** Most results of one query. */
const MOST = 50;

export class Ranking {
  private readonly text: Text;
  private readonly names: Names;
  private readonly encoder: Encoder;
  private readonly rules: Numbers;
  private readonly weights: Weights;
  private readonly rows: readonly CaseRow[];
  private readonly vectors: Vectors;
  private readonly columns: Columns;

  /** Throws where the pack counts in another way than this version of the application. */
  constructor({ language, rows, vectors }: Held) {
    if (!isRules(language.rules)) throw new Error('the pack has other rules');
    this.text = new Text(new Map(Object.entries(language.rules.traditional)));
    this.names = new Names(this.text, language.rules.names);
    this.encoder = new Encoder(language.tokens, language.scales, language.table);
    this.rules = language.rules.ranking;
    this.weights = language.rules.confidence;
    this.rows = rows;
    this.vectors = vectors;
    this.columns = columnsOf(rows, this.text, this.names, this.rules);
  }

  /** The cases most like this question, best first; silence rather than a guess. */
  similar(question: Question): Similar {
    const found = this.ranked(question);
    if (found.length && found[0]!.confidence >= this.weights.cut) {
      return { abstained: false, results: found.map((each) => this.hit(each)), reason: '' };
    }
    const text = cutTo(question.text, LONGEST);
    if (this.text.runs(text).length === 0) return { abstained: true, results: [], reason: 'empty' };
    return { abstained: true, results: [], reason: hasChinese(text) ? 'nothing_similar' : 'not_chinese' };
  }

  /** The same with confidence and without silence, to measure. Nothing for a question without a word. */
  ranked(question: Question): Ranked[] {
    const query = this.query(question);
    if (query.terms.length === 0) return [];
    const matches = this.matches(query);
    const scored = new Map(
      this.candidates(question, matches).map((row) => [row, this.scored(query, matches, row)]),
    );
    const order = [...scored.keys()].sort((a, b) => scored.get(b)!.total - scored.get(a)!.total || a - b);
    const shown = new Shown(this.rules, (one, other) => cosine(this.vectors, one, other));
    const most = Math.max(1, Math.min(question.k, MOST));
    const found: Ranked[] = [];
    for (const row of order) {
      const { foldKey, names } = this.columns.rows[row]!;
      if (shown.seen(row, foldKey, names)) continue;
      found.push(this.found(query, row, scored.get(row)!));
      if (found.length === most) break;
    }
    return found;
  }

  /** The case of a row, as the county would show it. */
  hit({ row, score }: Ranked): Hit {
    const [id, question, answer, industry, crop, region, date] = this.rows[row]!;
    return { id, score: Math.round(score * 1e4) / 1e4, question, answer, industry, crop, region, date };
  }

  private query({ text, crop, circumstances = NOWHERE }: Question): Query {
    const analysed = analyse(this.text, this.names, cutTo(text, LONGEST));
    return {
      vector: this.encoder.encode(analysed.tokens),
      known: this.encoder.known(analysed.tokens),
      length: lengthOf(analysed.runs.join('')),
      terms: questionTerms(analysed),
      answerTerms: answerTerms(analysed),
      strange: this.encoder.strange(analysed.tokens),
      subjects: new Set([
        ...subjects(analysed.names),
        ...this.names.cropSubjects(crop ?? ''),
        ...this.names.cropSubjects(circumstances.crop),
      ]),
      circumstances: {
        ...circumstances,
        crop: circumstances.crop && this.names.standardCrop(circumstances.crop),
      },
      month: monthOf(circumstances.date),
    };
  }

  private matches({ vector, terms, answerTerms: replied }: Query): Matches {
    const { questions, answers } = this.columns;
    return {
      cosine: cosines(this.vectors, vector),
      words: this.shares(questions, terms),
      reply: this.shares(answers, replied),
    };
  }

  /** BM25 of every case, as a share of the best possible. */
  private shares(lexical: Lexical, terms: readonly string[]): Float32Array {
    const total = new Float32Array(this.rows.length);
    lexical.addScores(terms, 1 / (lexical.bestPossible(terms) || 1), total);
    return total;
  }

  private scored(query: Query, matches: Matches, row: number): Scored {
    return score(this.rules, matches, row, this.columns.rows[row]!, query);
  }

  private found(query: Query, row: number, { meaning, reply, total }: Scored): Ranked {
    const evidence: Evidence = {
      meaning,
      reply,
      rare: this.rarest(query, row),
      common: this.common(query, row),
      known: query.known,
      length: query.length,
      asked: query.subjects,
      named: this.columns.rows[row]!.about,
      crowd: this.rows.length,
    };
    return { ...evidence, row, score: total, confidence: confidence(this.weights, evidence) };
  }

  /** The rarity of the rarest strange word that the case has; 0 where it has none. */
  private rarest({ strange }: Query, row: number): number {
    const { questions, answers } = this.columns;
    let rarest = 0;
    for (const token of strange)
      for (const part of [questions, answers])
        if (part.holds(token, row)) rarest = Math.max(rarest, part.rarity(token));
    return rarest;
  }

  /** The rarity of the rarest bigram or word that question and case have in common. */
  private common({ terms }: Query, row: number): number {
    const { questions } = this.columns;
    const rarities = terms
      .filter((term) => isBigram(term) && !isName(term) && questions.holds(term, row))
      .map((term) => questions.rarity(term));
    return Math.max(0, ...rarities);
  }

  /** The rows that are near by vector, by words or by the words of the reply; the others need no second look. */
  private candidates(question: Question, { cosine: near, words, reply }: Matches): number[] {
    const rows = Array.from(near.keys()).filter(this.allowed(question));
    const { CANDIDATES } = this.rules;
    const nearest = leastOf(near, rows, CANDIDATES);
    const [fewest, least] = [words, reply].map((each) => leastOf(each, rows, CANDIDATES));
    return rows.filter(
      (row) =>
        near[row]! >= nearest ||
        (words[row]! > 0 && words[row]! >= fewest!) ||
        (reply[row]! > 0 && reply[row]! >= least!),
    );
  }

  private allowed({ industry, crop }: Question): (row: number) => boolean {
    const line = industry?.trim();
    const plant = crop && this.names.standardCrop(crop);
    return (row) => {
      const column = this.columns.rows[row]!;
      return (!line || column.industry === line) && (!plant || column.crop === plant);
    };
  }
}

/** The value of the row that comes last among so many of the best. */
function leastOf(values: Float32Array, rows: readonly number[], count: number): number {
  if (rows.length <= count) return -Infinity;
  const sorted = new Float32Array(rows.length);
  for (let n = 0; n < rows.length; n++) sorted[n] = values[rows[n]!]!;
  sorted.sort();
  return sorted[sorted.length - count]!;
}
