/** The phone's ranking with a stopwatch, for tests/bench/pack_phone.py: bundled, and run in a page or a worker. */
import { parse } from '../../src/pack/container.ts';
import { takeIn, type Held } from '../../src/pack/held.ts';
import { Ranking } from '../../src/pack/rank.ts';

/** Milliseconds of each step, and of each question. */
export interface Times {
  unpack: number;
  vectors: number;
  index: number;
  questions: number[];
}

async function timed<T>(run: () => T | Promise<T>): Promise<[T, number]> {
  const begun = performance.now();
  const result = await run();
  return [result, performance.now() - begun];
}

export async function bench(pack: string, questions: string[], rounds: number): Promise<Times> {
  const file = new Uint8Array(await (await fetch(pack)).arrayBuffer());
  const [opened, unpack] = await timed(() => parse(file));
  const [held, vectors] = await timed<Held>(() => takeIn(null, opened, opened.header.county, 0));
  const [ranking, index] = await timed(() => new Ranking(held));
  const times: number[] = [];
  for (let turn = 0; turn <= rounds; turn++) {
    for (const text of questions) {
      const [, spent] = await timed(() => ranking.similar({ text, k: 10 }));
      if (turn > 0) times.push(spent);
    }
  }
  return { unpack, vectors, index, questions: times };
}

// In a worker: one order, one answer. In a page: for the page to call.
const scope = self as unknown as { onmessage: unknown; bench: typeof bench; document?: unknown };
scope.bench = bench;
if (!scope.document) {
  scope.onmessage = async ({ data }: MessageEvent<Parameters<typeof bench>>) =>
    postMessage(await bench(...data));
}
