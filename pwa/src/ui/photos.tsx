/** Taking photos: each is shrunk and kept with the draft before anything else happens to it. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { t } from '../catalogue/catalogue.ts';
import type { Photo } from '../domain/documents.ts';
import { shrink } from '../store/photos.ts';
import { Fault } from './fields.tsx';
import { Icon } from './icon.tsx';

const MOST = 9;

interface PhotosProps {
  photos: readonly Photo[];
  onChange: (photos: Photo[]) => void;
  name: string;
  aside?: string;
}

export function Photos({ photos, onChange, name, aside }: PhotosProps) {
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState('');
  const take = async (files: File[]) => {
    setBusy(true);
    setFault('');
    const taken = [...photos];
    for (const file of files.slice(0, MOST - photos.length)) {
      try {
        taken.push(await shrink(file));
      } catch {
        setFault(t('photo.unreadable'));
      }
    }
    onChange(taken);
    setBusy(false);
  };
  return (
    <section>
      <h2 class="field__name">
        {name} {aside ? <small>{aside}</small> : null}
      </h2>
      <div class="shots">
        {photos.map((photo, n) => (
          <Taken key={n} photo={photo} n={n} onRemove={() => onChange(photos.filter((_, at) => at !== n))} />
        ))}
        {photos.length < MOST ? (
          <button type="button" class="shot shot--add" onClick={() => input.current?.click()}>
            <Icon name="camera" />
            {busy ? t('photo.busy') : t(photos.length ? 'photo.another' : 'photo.take')}
          </button>
        ) : null}
      </div>
      <input
        ref={input}
        class="sr"
        type="file"
        accept="image/*"
        multiple
        tabIndex={-1}
        aria-label={t('photo.choose')}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          if (files.length) void take(files);
        }}
      />
      {fault ? <Fault>{fault}</Fault> : null}
    </section>
  );
}

function Taken({ photo, n, onRemove }: { photo: Photo; n: number; onRemove: () => void }) {
  const url = useMemo(() => URL.createObjectURL(new Blob([photo.bytes], { type: 'image/jpeg' })), [photo]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <figure class="shot">
      <img src={url} alt={t('photo.nth', { n: n + 1 })} />
      <button
        type="button"
        class="shot__remove"
        aria-label={t('photo.remove', { n: n + 1 })}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
      <figcaption>{t('photo.stored')}</figcaption>
    </figure>
  );
}
