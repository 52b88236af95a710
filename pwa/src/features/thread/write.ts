/** Writes an event of a consultation, and says that it is stored. */
import { author, save } from '../../app/workspace.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { AnyDocument, EventKind } from '../../contract/types.ts';
import { newEvent, newMedia, type Payload, type Photo } from '../../domain/documents.ts';
import type { Consultation } from '../../domain/fold.ts';
import { nameOf } from '../../domain/ids.ts';
import { toast } from '../../ui/toast.tsx';

const underWay = new Set<string>();

/** Whether it was stored. A second press while the first is under way writes nothing. */
export async function write(
  consultation: Consultation,
  kind: EventKind,
  payload: Payload = {},
  photos: readonly Photo[] = [],
): Promise<boolean> {
  if (underWay.has(consultation.id)) return false;
  underWay.add(consultation.id);
  try {
    await save(await eventWithPhotos(consultation, kind, payload, photos));
    toast(t('report.stored'));
    return true;
  } catch {
    toast(t('report.not_stored'), { label: t('report.understood'), run: () => undefined });
    return false;
  } finally {
    underWay.delete(consultation.id);
  }
}

async function eventWithPhotos(
  consultation: Consultation,
  kind: EventKind,
  payload: Payload,
  photos: readonly Photo[],
): Promise<AnyDocument[]> {
  const media = await Promise.all(photos.map((photo) => newMedia(author(), consultation.id, photo)));
  const names = media.map(([first]) => nameOf(first._id));
  const full = names.length ? { ...payload, media: names } : payload;
  return [newEvent(author(), consultation, kind, full), ...media.flat()];
}
