/** Asking on, answering back, or saying what is still wrong: words and photos, kept while they are written. */
import { useEffect, useState } from 'preact/hooks';
import { localDatabase } from '../../app/workspace.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Photo } from '../../domain/documents.ts';
import type { Consultation } from '../../domain/fold.ts';
import { TEXT_LIMIT } from '../../domain/workflow.ts';
import { draft, draftPhotos, keepDraftPhotos } from '../../store/drafts.ts';
import { person } from '../../store/session.ts';
import { Field } from '../../ui/fields.tsx';
import { Photos } from '../../ui/photos.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { write } from './write.ts';

interface SayProps {
  consultation: Consultation;
  kind: 'added' | 'unsolved';
  onClose: () => void;
}

export function Say({ consultation, kind, onClose }: SayProps) {
  const name = `${kind}-${consultation.id}`;
  const words = draft(person.value!.id, name, { text: '' });
  const [photos, setPhotos] = useState<Photo[]>([]);
  const [pressed, setPressed] = useState(false);
  const { text } = words.value.value;
  const db = localDatabase.value!;
  useEffect(() => void draftPhotos(db, name).then(setPhotos), [name]);

  const keepPhotos = (next: Photo[]) => {
    setPhotos(next);
    void keepDraftPhotos(db, name, next);
  };
  const submit = async () => {
    setPressed(true);
    if (!text.trim()) return;
    if (!(await write(consultation, kind, { text: text.trim() }, photos))) return;
    words.clear();
    keepPhotos([]);
    onClose();
  };

  return (
    <Sheet title={t(`say.${kind}_title`)} onClose={onClose}>
      <Field
        name={t(`say.${kind}_field`)}
        rows={3}
        value={text}
        onInput={(next) => words.update({ text: next })}
        maxLength={TEXT_LIMIT}
        fault={pressed && !text.trim() ? t('say.missing') : ''}
      />
      <div class="gap-4">
        <Photos name={t('report.photos')} photos={photos} onChange={keepPhotos} />
      </div>
      <button class="btn btn--main btn--wide gap-4" onClick={() => void submit()}>
        {t(`say.${kind}_submit`)}
      </button>
      <button class="btn btn--quiet btn--wide gap-1" onClick={onClose}>
        {t('say.later')}
      </button>
    </Sheet>
  );
}
