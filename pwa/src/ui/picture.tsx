/** A photo of a consultation: from the chunks on this phone, else from the county, else where it is. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { MediaDocument } from '../contract/types.ts';
import { t } from '../catalogue/catalogue.ts';
import { nameOf } from '../domain/ids.ts';
import { chunksHere } from '../store/library.ts';
import { assemble } from '../store/photos.ts';
import { localDatabase } from '../app/workspace.ts';
import { session } from '../store/session.ts';
import { waiting } from '../sync/outbox.ts';
import { Icon } from './icon.tsx';

export function Picture({ media, label }: { media: MediaDocument; label: string }) {
  const name = nameOf(media._id);
  const here = chunksHere.value.get(name) ?? 0;
  const complete = here >= media.chunks;
  const url = usePicture(media, complete);
  const left = waiting.value.find((item) => item.id === media._id)?.left ?? 0;
  const share = Math.round((1 - Math.min(left, media.chunks) / media.chunks) * 100);
  const [large, setLarge] = useState(false);
  return (
    <figure class="shot">
      {url ? (
        <button
          class="shot__open"
          aria-label={`${t('photo.enlarge')}：${label}`}
          onClick={() => setLarge(true)}
        >
          <img src={url} alt={label} />
        </button>
      ) : (
        <span class="shot__wait">
          <Icon name="picture" />
        </span>
      )}
      {left > 0 ? (
        <>
          <figcaption>
            <Icon name="cloud-up" />
            {share > 0 ? t('photo.sent_share', { share }) : t('photo.on_phone')}
          </figcaption>
          {share > 0 ? (
            <div class="bar bar--you" style={{ '--v': `${share}%` }}>
              <i />
            </div>
          ) : null}
        </>
      ) : !url ? (
        <figcaption>{t('photo.on_the_way')}</figcaption>
      ) : null}
      {large && url ? <Large url={url} label={label} onClose={() => setLarge(false)} /> : null}
    </figure>
  );
}

/** The photo over the whole screen; any press brings the thread back. */
function Large({ url, label, onClose }: { url: string; label: string; onClose: () => void }) {
  const box = useRef<HTMLButtonElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <button
      class="viewer"
      ref={box}
      aria-label={t('photo.close')}
      onClick={onClose}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <img src={url} alt={label} />
    </button>
  );
}

function usePicture(media: MediaDocument, complete: boolean): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    void (async () => {
      const db = localDatabase.value;
      const blob = complete && db ? await assemble(db, media) : await fromCounty(nameOf(media._id));
      if (blob && !gone) setUrl((made = URL.createObjectURL(blob)));
    })().catch(() => undefined);
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [media._id, complete]);
  return url;
}

async function fromCounty(name: string): Promise<Blob | null> {
  const token = session.value?.token;
  if (!navigator.onLine || !token) return null;
  const response = await fetch(`/api/media/${name}`, { headers: { Authorization: `Bearer ${token}` } });
  return response.ok ? response.blob() : null;
}
