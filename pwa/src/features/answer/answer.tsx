/** The expert answers, asks back, or says that somebody else should (MISSION S2.2). Works offline. */
import { useEffect, useState } from 'preact/hooks';
import { replace } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { EventKind } from '../../contract/types.ts';
import type { Payload } from '../../domain/documents.ts';
import type { Consultation } from '../../domain/fold.ts';
import { subjectOf } from '../../domain/grouping.ts';
import { DEFAULT_LIMITS, fits, TEXT_LIMIT } from '../../domain/workflow.ts';
import { draft } from '../../store/drafts.ts';
import { consultations, markSeen } from '../../store/library.ts';
import { placeName, programme } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { Clock } from '../../ui/clock.tsx';
import { Field, Segment } from '../../ui/fields.tsx';
import { BackHead, Empty, Frame } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { DemandEntry } from '../thread/demand.tsx';
import { Entry } from '../thread/entry.tsx';
import { SimilarOfDemand } from '../thread/similar.tsx';
import { write } from '../thread/write.ts';

type Mode = 'replied' | 'visited' | 'asked' | 'declined';

const EMPTY = {
  mode: '' as Mode | '',
  diagnosis: '',
  text: '',
  question: '',
  reason: '',
  visit: '',
  onSite: false,
};
type AnswerText = typeof EMPTY;

export function Answer({ id }: { id: string }) {
  const consultation = consultations.value.get(id);
  if (!consultation) {
    return (
      <Frame top={<BackHead title={t('thread.title')} />}>
        <Empty title={t('thread.unknown')}>{t('thread.unknown_hint')}</Empty>
      </Frame>
    );
  }
  return <AnswerForm consultation={consultation} />;
}

function AnswerForm({ consultation }: { consultation: Consultation }) {
  const words = draft<AnswerText>(person.value!.id, `answer-${consultation.id}`, EMPTY);
  const value = words.value.value;
  const modes = modesOf(consultation);
  const mode = modes.find((each) => each === value.mode) ?? modes[0];
  const [missing, setMissing] = useState(false);
  useEffect(() => markSeen(consultation), [consultation]);

  const submit = async () => {
    const written = mode && eventOf(mode, value);
    setMissing(!written);
    if (!written) return;
    if (!(await write(consultation, ...written))) return;
    words.clear();
    replace('/');
  };

  return (
    <Frame
      top={<BackHead title={titleFor(consultation)} end={<TimeLimit consultation={consultation} />} />}
      dock={
        mode ? (
          <div class="dock">
            <button class="btn btn--main" onClick={() => void submit()}>
              <Icon name="send" />
              {t(`answer.submit_${mode}`)}
            </button>
          </div>
        ) : null
      }
    >
      <ol class="thread">
        <DemandEntry consultation={consultation} />
        {consultation.thread
          .filter((event) => event.kind !== 'received' && event.kind !== 'assigned')
          .map((event) => (
            <Entry key={event._id} event={event} consultation={consultation} />
          ))}
      </ol>
      {mode ? (
        <>
          <div class="gap-4">
            <Segment
              name={t('answer.what')}
              value={mode}
              onChange={(next) => words.update({ mode: next })}
              choices={modes.map((each) => ({ value: each, label: t(`answer.mode_${each}`) }))}
            />
          </div>
          <div class="gap-4">
            <ModeFields mode={mode} value={value} update={words.update} missing={missing} />
          </div>
        </>
      ) : (
        <p class="note gap-4">
          <Icon name="info" />
          <span>{t('answer.not_yours')}</span>
        </p>
      )}
      <SimilarOfDemand consultation={consultation} />
    </Frame>
  );
}

interface ModeProps {
  mode: Mode;
  value: AnswerText;
  update: (change: Partial<AnswerText>) => void;
  missing: boolean;
}

function ModeFields({ mode, value, update, missing }: ModeProps) {
  switch (mode) {
    case 'replied':
      return <ReplyFields value={value} update={update} missing={missing} />;
    case 'asked':
      return (
        <Field
          name={t('answer.question')}
          aside={t('answer.question_aside')}
          rows={3}
          value={value.question}
          onInput={(question) => update({ question })}
          maxLength={TEXT_LIMIT}
          fault={missing && !value.question.trim() ? t('answer.missing_question') : ''}
        />
      );
    case 'visited':
      return (
        <Field
          name={t('answer.visit')}
          rows={4}
          value={value.visit}
          onInput={(visit) => update({ visit })}
          maxLength={TEXT_LIMIT}
          fault={missing && !value.visit.trim() ? t('answer.missing_visit') : ''}
        />
      );
    case 'declined':
      return <DeclineFields value={value} update={update} missing={missing} />;
  }
}

function ReplyFields({ value, update, missing }: Omit<ModeProps, 'mode'>) {
  return (
    <>
      <Field
        name={t('answer.diagnosis')}
        value={value.diagnosis}
        onInput={(diagnosis) => update({ diagnosis })}
        maxLength={200}
      />
      <Field
        name={t('answer.steps')}
        aside={t('answer.steps_aside')}
        rows={4}
        value={value.text}
        onInput={(text) => update({ text })}
        maxLength={TEXT_LIMIT}
        fault={missing && !value.text.trim() ? t('answer.missing_text') : ''}
      />
      <label class="card row gap-3">
        <input
          type="checkbox"
          class="tickbox"
          checked={value.onSite}
          onChange={(event) => update({ onSite: event.currentTarget.checked })}
        />
        <span class="row__body">
          <span class="row__title">{t('answer.on_site')}</span>
          <span class="row__sub">{t('answer.on_site_hint')}</span>
        </span>
      </label>
    </>
  );
}

const REASONS = ['answer.reason_crop', 'answer.reason_away', 'answer.reason_unclear'] as const;

function DeclineFields({ value, update, missing }: Omit<ModeProps, 'mode'>) {
  return (
    <>
      <Segment
        name={t('answer.reason')}
        showName
        column
        value={value.reason}
        onChange={(reason) => update({ reason })}
        choices={REASONS.map((key) => ({ value: t(key), label: t(key) }))}
      />
      <Field
        name={t('answer.other_reason')}
        value={value.reason}
        onInput={(reason) => update({ reason })}
        maxLength={200}
        fault={missing && !value.reason.trim() ? t('answer.missing_reason') : ''}
      />
    </>
  );
}

/** What this expert may do now; empty where it is somebody else's turn. */
function modesOf(consultation: Consultation): Mode[] {
  const me = person.value!.id;
  const { state, expert } = consultation;
  const all: Mode[] =
    state === 'dispatched' ? ['visited', 'replied', 'declined'] : ['replied', 'asked', 'declined'];
  const asked = consultation.thread.some((event) => event.expert === me);
  return all.filter((kind) => fits(state, kind) && (kind === 'replied' ? asked : expert === me));
}

/** The event that the form makes; null while something is missing. */
function eventOf(mode: Mode, value: AnswerText): [EventKind, Payload] | null {
  const text = value.text.trim();
  const filled: Record<Mode, [string, Payload]> = {
    replied: [
      text,
      {
        text,
        ...(value.diagnosis.trim() ? { diagnosis: value.diagnosis.trim() } : {}),
        ...(value.onSite ? { on_site: true } : {}),
      },
    ],
    asked: [value.question.trim(), { text: value.question.trim() }],
    visited: [value.visit.trim(), { text: value.visit.trim() }],
    declined: [value.reason.trim(), { reason: value.reason.trim() }],
  };
  const [needed, payload] = filled[mode];
  return needed ? [mode, payload] : null;
}

function titleFor(consultation: Consultation): string {
  return [subjectOf(consultation), placeName(consultation.demand.region).township]
    .filter(Boolean)
    .join(' · ');
}

function TimeLimit({ consultation }: { consultation: Consultation }) {
  const whole = programme.value?.limits.reply_minutes ?? DEFAULT_LIMITS.reply_minutes;
  return consultation.reply_due ? <Clock due={consultation.reply_due} wholeMinutes={whole} /> : null;
}
