/** 报需求: crop by picture, the farmer's words, photos; kept while it is written (MISSION S1.6, S2.2). */
import { useEffect, useRef, useState } from 'preact/hooks';
import { go, replace } from '../../app/route.ts';
import { author, save } from '../../app/workspace.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { newDemand, newEvent } from '../../domain/documents.ts';
import { fold } from '../../domain/fold.ts';
import { TEXT_LIMIT } from '../../domain/workflow.ts';
import { cropNamed } from '../../store/programme.ts';
import { Fault, Field } from '../../ui/fields.tsx';
import { BackHead, Frame } from '../../ui/frame.tsx';
import { CropPicture, Icon } from '../../ui/icon.tsx';
import { Photos } from '../../ui/photos.tsx';
import { toast } from '../../ui/toast.tsx';
import { FoundWhileTyping } from '../similar/found.tsx';
import {
  changeReportPhotos,
  clearReport,
  noteCrop,
  openReportPhotos,
  reportDraft,
  reportPhotos,
} from './draft.ts';

const PHONE = /^[0-9+() -]{5,20}$/;

type Missing = 'crop' | 'text' | 'farmer' | 'phone' | '';

export function Report() {
  const draft = reportDraft();
  const value = draft.value.value;
  const [missing, setMissing] = useState<Missing>('');
  const [fault, setFault] = useState('');
  const textBox = useRef<HTMLElement>(null);
  const sending = useRef(false);
  useEffect(() => void openReportPhotos(), []);

  const submit = async (adopted?: SimilarCase) => {
    const lacking = firstMissing();
    setMissing(lacking);
    if (lacking === 'crop') return go('/report/crop');
    if (lacking === 'text') return textBox.current?.focus();
    if (lacking || sending.current) return;
    sending.current = true;
    try {
      await store(adopted);
      replace('/');
      toast(t('report.stored'));
    } catch {
      setFault(t('report.not_stored'));
    } finally {
      sending.current = false;
    }
  };

  return (
    <Frame
      top={
        <BackHead
          title={t('report.title')}
          end={<span class="muted small head__note">{t('report.kept')}</span>}
        />
      }
      dock={
        <div class="dock">
          <button class="btn btn--main" onClick={() => void submit()}>
            <Icon name="send" />
            {t('report.submit')}
          </button>
        </div>
      }
    >
      <CropRow missing={missing === 'crop'} />
      <Parts />
      <Field
        name={t('report.text')}
        aside={t('report.text_aside')}
        rows={3}
        value={value.text}
        onInput={(text) => draft.update({ text })}
        maxLength={TEXT_LIMIT}
        fault={missing === 'text' && !value.text.trim() ? t('report.missing_text') : ''}
        control={textBox}
      />
      <FoundWhileTyping
        text={value.text}
        crop={value.crop}
        industry={value.industry}
        onAdopt={(each) => void submit(each)}
      />
      <div class="gap-5">
        <Photos
          name={t('report.photos')}
          aside={t('report.photos_aside')}
          photos={reportPhotos.value}
          onChange={changeReportPhotos}
        />
      </div>
      <Farmer missing={missing} />
      {fault ? <Fault>{fault}</Fault> : null}
    </Frame>
  );
}

function firstMissing(): Missing {
  const { crop, industry, text, farmer, phone } = reportDraft().value.value;
  if (!crop && !industry) return 'crop';
  if (!text.trim()) return 'text';
  if (phone.trim() && !PHONE.test(phone.trim())) return 'phone';
  if (phone.trim() && !farmer.trim()) return 'farmer';
  return '';
}

async function store(adopted?: SimilarCase): Promise<void> {
  const value = reportDraft().value.value;
  const documents = await newDemand(author(), { ...value, photos: [...reportPhotos.value] });
  const consultation = adopted ? fold(documents) : null;
  if (adopted && consultation) {
    // A moment later than the county's receipt, which stands right behind the demand.
    documents.push(newEvent(author(), consultation, 'adopted', { case: adopted.id }, Date.now() + 1));
  }
  await save(documents);
  if (value.crop) noteCrop(value.crop);
  clearReport();
}

function CropRow({ missing }: { missing: boolean }) {
  const { crop, part, industry } = reportDraft().value.value;
  return (
    <>
      <a class="card row crop-row" href="#/report/crop">
        <CropPicture icon={cropNamed(crop)?.icon} />
        <span class="row__body">
          <b class="row__title">{crop || industry || t('report.which_crop')}</b>
          {part ? <span class="row__sub">{part}</span> : null}
        </span>
        <span class="small">{t(crop ? 'report.other_crop' : 'report.choose_crop')}</span>
        <Icon name="forward" />
      </a>
      {missing && !crop ? <Fault>{t('report.missing_crop')}</Fault> : null}
    </>
  );
}

/** Where on the plant or animal it is: optional, one press. */
function Parts() {
  const draft = reportDraft();
  const { crop, part } = draft.value.value;
  const parts = cropNamed(crop)?.parts ?? [];
  if (parts.length === 0) return null;
  return (
    <fieldset class="parts">
      <legend class="sr">{t('report.part')}</legend>
      <div class="chips">
        {parts.map((each) => (
          <label class="part" key={each}>
            <input
              type="radio"
              name="part"
              checked={part === each}
              onClick={() => draft.update({ part: part === each ? '' : each })}
              onChange={() => undefined}
            />
            <span>{each}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Farmer({ missing }: { missing: Missing }) {
  const draft = reportDraft();
  const { farmer, phone } = draft.value.value;
  const faulty = missing === 'farmer' || missing === 'phone';
  return (
    <details class="fold gap-5" open={faulty || undefined}>
      <summary>
        <Icon name="person" />
        <span>
          {farmer ? t('report.farmer_named', { name: farmer }) : t('report.farmer')}
          <br />
          <span class="tiny muted">{t('report.farmer_private')}</span>
        </span>
        <Icon name="down" />
      </summary>
      <div class="card--pad">
        <Field
          name={t('report.farmer_name')}
          value={farmer}
          onInput={(name) => draft.update({ farmer: name })}
          maxLength={40}
          fault={missing === 'farmer' ? t('report.missing_farmer') : ''}
        />
        <Field
          name={t('report.farmer_phone')}
          value={phone}
          onInput={(next) => draft.update({ phone: next })}
          inputMode="tel"
          maxLength={20}
          fault={missing === 'phone' ? t('report.wrong_phone') : ''}
        />
      </div>
    </details>
  );
}
