/** Photos: shrunk before they are stored, put together again from chunks when they are shown. */
import type { ChunkDocument, MediaDocument } from '../contract/types.ts';
import { join } from '../domain/chunks.ts';
import { sha256 } from '../domain/sha256.ts';
import type { Photo } from '../domain/documents.ts';
import { nameOf } from '../domain/ids.ts';
import type { Database } from './pouch.ts';

/** 100 KB carry what an expert needs to see, and cross a weak link in half a minute. */
const BYTES = 100 * 1024;
const LONGEST = 1280;
const SHORTEST_LONGEST = 640;

/** A photo of at most about 100 KB, its longest side at most 1280 pixels. Error where it is no picture. */
export async function shrink(file: Blob): Promise<Photo> {
  const picture = await load(file);
  let longest = Math.min(LONGEST, Math.max(picture.naturalWidth, picture.naturalHeight));
  for (;;) {
    const canvas = draw(picture, longest);
    for (const quality of [0.8, 0.65, 0.5]) {
      const bytes = await encode(canvas, quality);
      if (bytes.length <= BYTES || (quality === 0.5 && longest <= SHORTEST_LONGEST)) {
        return { bytes, width: canvas.width, height: canvas.height };
      }
    }
    longest = Math.max(SHORTEST_LONGEST, Math.round(longest * 0.75));
  }
}

/** The picture of a media document from the chunks that are here; null while some are missing or broken. */
export async function assemble(db: Database, media: MediaDocument): Promise<Blob | null> {
  const name = nameOf(media._id);
  const { rows } = await db.allDocs<ChunkDocument>({
    startkey: `chunk:${name}:`,
    endkey: `chunk:${name}:\uffff`,
    include_docs: true,
  });
  if (rows.length !== media.chunks) return null;
  const bytes = join(rows.map((row) => row.doc!.data));
  if (bytes.length !== media.bytes || (await sha256(bytes)) !== media.sha256) return null;
  return new Blob([bytes], { type: media.mime });
}

function load(file: Blob): Promise<HTMLImageElement> {
  const url = URL.createObjectURL(file);
  const picture = new Image();
  return new Promise<HTMLImageElement>((resolve, reject) => {
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new Error('not a picture'));
    picture.src = url;
  }).finally(() => URL.revokeObjectURL(url));
}

/** The browser turns the photo upright by its EXIF note, which is then gone, with the place in it. */
function draw(picture: HTMLImageElement, longest: number): HTMLCanvasElement {
  const scale = Math.min(1, longest / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  const context = canvas.getContext('2d')!;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function encode(canvas: HTMLCanvasElement, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) =>
        blob
          ? blob.arrayBuffer().then((buffer) => resolve(new Uint8Array(buffer)), reject)
          : reject(new Error('no room for the picture')),
      'image/jpeg',
      quality,
    );
  });
}
