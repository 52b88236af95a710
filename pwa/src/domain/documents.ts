/** Makes the documents that a phone writes. Each is written once and never edited. */
import type {
  AnyDocument,
  ChunkDocument,
  ContactDocument,
  DemandDocument,
  EventDocument,
  EventKind,
  FeedbackDocument,
  MediaDocument,
} from '../contract/types.ts';
import { cut } from './chunks.ts';
import { nextStamp } from './clock.ts';
import type { Consultation } from './fold.ts';
import { chunkId, contactId, demandId, eventId, feedbackId, mediaId, ulid } from './ids.ts';
import { sha256 } from './sha256.ts';

/** Who writes, on which device, for which region. */
export interface Author {
  id: string;
  device: string;
  region: string;
}

/** A photo that was shrunk already. */
export interface Photo {
  bytes: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
}

export interface DemandInput {
  industry: string;
  crop: string;
  part: string;
  text: string;
  farmer?: string;
  phone?: string;
  photos: Photo[];
  region?: string;
}

/** What the person said of a past case that was found for a question. */
export type Judgement = Pick<FeedbackDocument, 'text' | 'case' | 'helpful' | 'offline'>;

export type Payload = Partial<
  Omit<EventDocument, '_id' | '_rev' | 'type' | 'kind' | 'demand' | 'by' | 'clock' | 'device' | 'at'>
>;

const nowIso = (now: number) => new Date(now).toISOString();

/** A demand with its contact, photos and chunks, in the order in which they are to be sent. */
export async function newDemand(
  author: Author,
  input: DemandInput,
  now = Date.now(),
): Promise<AnyDocument[]> {
  const id = ulid(now);
  const region = input.region ?? author.region;
  const stamps = { device: author.device, at: nowIso(now) };
  const media = await Promise.all(input.photos.map((photo) => newMedia(author, id, photo, now)));
  const demand: DemandDocument = {
    _id: demandId(id),
    type: 'demand',
    reporter: author.id,
    region,
    industry: input.industry,
    crop: input.crop,
    part: input.part,
    text: input.text.trim(),
    media: media.map(([first]) => first._id.slice('media:'.length)),
    clock: nextStamp(now),
    ...stamps,
  };
  const name = input.farmer?.trim();
  const phone = input.phone?.trim();
  const contact: ContactDocument[] = name
    ? [
        {
          _id: contactId(id),
          type: 'contact',
          demand: id,
          region,
          reporter: author.id,
          name,
          ...(phone ? { phone } : {}),
          ...stamps,
        },
      ]
    : [];
  return [demand, ...contact, ...media.flat()];
}

/** A photo's description and its chunks. */
export async function newMedia(
  author: Author,
  demand: string,
  photo: Photo,
  now = Date.now(),
): Promise<[MediaDocument, ...ChunkDocument[]]> {
  const media = ulid(now);
  const pieces = cut(photo.bytes);
  const description: MediaDocument = {
    _id: mediaId(media),
    type: 'media',
    demand,
    by: author.id,
    mime: 'image/jpeg',
    bytes: photo.bytes.length,
    chunks: pieces.length,
    sha256: await sha256(photo.bytes),
    width: photo.width,
    height: photo.height,
    clock: nextStamp(now),
    device: author.device,
    at: nowIso(now),
  };
  const chunks = pieces.map((data, n): ChunkDocument => ({
    _id: chunkId(media, n),
    type: 'chunk',
    demand,
    media,
    n,
    data,
    by: author.id,
    device: author.device,
  }));
  return [description, ...chunks];
}

/** An event after everything that is known here of the consultation. */
export function newEvent(
  author: Author,
  consultation: Pick<Consultation, 'id' | 'demand' | 'thread'>,
  kind: EventKind,
  payload: Payload = {},
  now = Date.now(),
): EventDocument {
  const seen = [consultation.demand.clock, ...consultation.thread.map((event) => event.clock)];
  const clock = nextStamp(now, seen);
  return {
    _id: eventId(consultation.id, clock, author.device),
    type: 'event',
    demand: consultation.id,
    kind,
    by: author.id,
    clock,
    device: author.device,
    at: nowIso(now),
    ...payload,
  };
}

/** Characters of a question that are kept beside a judgement. */
const QUESTION_LIMIT = 500;

/** Whether a case helped with a question. It belongs to no demand. */
export function newFeedback(author: Author, judgement: Judgement, now = Date.now()): FeedbackDocument {
  return {
    _id: feedbackId(ulid(now)),
    type: 'feedback',
    by: author.id,
    region: author.region,
    device: author.device,
    at: nowIso(now),
    ...judgement,
    // By characters, so that none is cut in two.
    text: Array.from(judgement.text.trim()).slice(0, QUESTION_LIMIT).join(''),
  };
}
