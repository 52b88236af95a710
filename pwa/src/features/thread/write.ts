/** Writes an event of a consultation, and says that it is stored. */
import { author, save } from '../../app/workspace.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { AnyDocument, EventKind } from '../../contract/types.ts';
import { newEvent, newMedia, type Payload, type Photo } from '../../domain/documents.ts';
import type { Consultation } from '../../domain/fold.ts';
import { nameOf } from '../../domain/ids.ts';
import { toast } from '../../ui/toast.tsx';

export async function write(
  consultation: Consultation,
  kind: EventKind,
  payload: Payload = {},
  photos: readonly Photo[] = [],
): Promise<void> {
  const media: AnyDocument[][] = await Promise.all(
    photos.map((photo) => newMedia(author(), consultation.id, photo)),
  );
  const names = media.map(([first]) => nameOf(first!._id));
  const full = names.length ? { ...payload, media: names } : payload;
  await save([newEvent(author(), consultation, kind, full), ...media.flat()]);
  toast(t('report.stored'));
}
