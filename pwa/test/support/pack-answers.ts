/**
 * The phone's ranking on the command line, for tests/pwa/test_pack_parity.py: reads `{"packs": [file], "queries":
 * [question]}` from the standard input, takes in the packs one after another, and writes one answer a line.
 */
import { readFile } from 'node:fs/promises';
import { parse } from '../../src/pack/container.ts';
import { takeIn, type Held } from '../../src/pack/held.ts';
import type { Question } from '../../src/pack/question.ts';
import { Ranking } from '../../src/pack/rank.ts';
import { Text } from '../../src/pack/text.ts';
import { Names, subjects } from '../../src/pack/names.ts';

const { packs, queries } = JSON.parse(await readFile('/dev/stdin', 'utf8')) as {
  packs: string[];
  queries: Question[];
};

let held: Held | null = null;
for (const path of packs) {
  const file = await parse(new Uint8Array(await readFile(path)));
  held = await takeIn(held, file, file.header.county, 0);
}
const { rules } = held!.language;
const text = new Text(new Map(Object.entries(rules.traditional)));
const names = new Names(text, rules.names);
const ranking = new Ranking(held!);
for (const question of queries) {
  const found = ranking.ranked(question).map((each) => ({ ...each, id: held!.rows[each.row]![0] }));
  const { abstained, reason } = ranking.similar(question);
  const concepts = names.concepts(question.text);
  console.log(
    JSON.stringify({
      normal: text.normalise(question.text),
      tokens: text.tokens(question.text),
      names: concepts.map(({ kind, name }) => [kind, name]),
      subjects: [...subjects(concepts)].sort(),
      found,
      abstained,
      reason,
    }),
  );
}
