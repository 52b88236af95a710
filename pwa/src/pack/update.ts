/** Brings the pack on this phone up to what the county has: fetched, checked, taken in, exchanged as a whole. */
import { PackBroken, parse, type Container } from './container.ts';
import { download, Refused, type Road } from './download.ts';
import { takeIn, type Held, type Meta } from './held.ts';
import { NoRoom, type Keep } from './keep.ts';

const RELOADS = 1;
const UNKNOWN_VERSION = 422;

/**
 * What is held afterwards where it changed, null where it was as new before. Throws what `download` throws; what
 * was held stays in use then.
 */
export async function update(
  keep: Keep,
  county: string,
  road: Road,
  rest: () => Promise<void> = async () => undefined,
): Promise<Held | null> {
  let meta = await own(keep, county);
  for (let turn = 0; ; turn++) {
    const wish = { county, since: meta?.version ?? '', language: meta?.language ?? '' };
    try {
      return await oneFile(keep, wish, meta, road, rest);
    } catch (error) {
      if (error instanceof PackBroken || error instanceof NoRoom) await keep.abandon();
      if (!isForeign(error) || turn >= RELOADS) throw error;
      meta = null;
    }
  }
}

/** The difference fits nothing that is here, or the county knows nothing of it: the whole file does. */
const isForeign = (error: unknown): boolean =>
  error instanceof PackBroken
    ? error.flaw === 'base'
    : error instanceof Refused && error.status === UNKNOWN_VERSION;

/** What is held of this county; what is of another one is gone before anything else happens. */
export async function own(keep: Keep, county: string): Promise<Meta | null> {
  const meta = await keep.meta();
  if (!meta || meta.county === county) return meta;
  await keep.drop();
  return null;
}

async function oneFile(
  keep: Keep,
  wish: Parameters<typeof download>[1],
  meta: Meta | null,
  road: Road,
  rest: () => Promise<void>,
): Promise<Held | null> {
  const file = await parse(await download(keep, wish, road));
  if (meta && changesNothing(file, meta)) {
    await keep.confirm({ ...meta, leftOut: file.header.left_out, at: Date.now() });
    return null;
  }
  const held = meta ? await keep.held() : null;
  const next = await takeIn(held, file, wish.county, Date.now(), rest);
  await keep.replace(next);
  return next;
}

function changesNothing({ header }: Container, meta: Meta): boolean {
  return (
    header.kind === 'difference' &&
    header.since === meta.version &&
    header.version === meta.version &&
    header.language === meta.language &&
    header.county === meta.county
  );
}
