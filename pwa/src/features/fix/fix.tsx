/** 要您改一下: why the county could not take it, what was written, and how to send it better. */
import { useState } from 'preact/hooks';
import { replace } from '../../app/route.ts';
import { author, localDatabase, save } from '../../app/workspace.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { AnyDocument, DemandDocument, EventDocument, MediaDocument } from '../../contract/types.ts';
import { newDemand, newEvent, type Photo } from '../../domain/documents.ts';
import { fold } from '../../domain/fold.ts';
import { typeOf } from '../../domain/ids.ts';
import { TEXT_LIMIT } from '../../domain/workflow.ts';
import { documentsOf } from '../../store/library.ts';
import { assemble } from '../../store/photos.ts';
import { placeName } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { nudge } from '../../sync/loop.ts';
import { leave, problems, settle, type Problem } from '../../sync/quarantine.ts';
import { Fault, Field, Segment } from '../../ui/fields.tsx';
import { BackHead, Empty, Frame } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { toast } from '../../ui/toast.tsx';
import { whenLong } from '../../ui/when.ts';

type Where = 'mine' | 'kept';

export function Fix({ demand: id }: { demand: string }) {
  const name = decodeURIComponent(id);
  const problem = problems.value.find((each) => each.main.id === name);
  if (!problem) {
    return (
      <Frame top={<BackHead title={t('fix.title')} to="/unsent" />}>
        <Empty title={t('fix.settled')} />
      </Frame>
    );
  }
  return <FixForm problem={problem} />;
}

function FixForm({ problem }: { problem: Problem }) {
  const { body } = problem.main;
  const written = body && 'text' in body ? (body.text ?? '') : '';
  const wrongPlace = problem.main.code === 'region';
  const [text, setText] = useState(written);
  const [where, setWhere] = useState<Where>('mine');
  const [fault, setFault] = useState('');
  const correctable = body?.type === 'demand' || (body?.type === 'event' && written !== '');

  const submit = async () => {
    setFault('');
    if (!correctable || where === 'kept') {
      await leave(problem.parts);
      toast(t('fix.left'));
      return replace('/unsent');
    }
    if (!text.trim()) return setFault(t('fix.missing'));
    try {
      await sendAgain(problem, text.trim());
      toast(t('report.stored'));
      replace('/unsent');
    } catch {
      setFault(t('report.not_stored'));
    }
  };

  return (
    <Frame
      top={<BackHead title={t('fix.title')} to="/unsent" />}
      dock={
        <div class="dock">
          <button class="btn btn--main" onClick={() => void submit()}>
            {t(correctable && where === 'mine' ? 'fix.submit' : 'fix.leave')}
          </button>
        </div>
      }
      class="stack"
    >
      <Why problem={problem} />
      <Written problem={problem} text={written} />
      {wrongPlace && body?.type === 'demand' ? (
        <Segment
          name={t('fix.which_place')}
          showName
          column
          value={where}
          onChange={setWhere}
          choices={[
            { value: 'mine', label: t('fix.my_place', { place: person.value!.region_name }) },
            { value: 'kept', label: t('fix.that_place', { place: placeText(body.region) }) },
          ]}
        />
      ) : null}
      {correctable && where === 'mine' ? (
        <Field
          name={t('fix.text')}
          rows={4}
          value={text}
          onInput={setText}
          maxLength={TEXT_LIMIT}
          fault={fault}
        />
      ) : fault ? (
        <Fault>{fault}</Fault>
      ) : null}
    </Frame>
  );
}

function Why({ problem }: { problem: Problem }) {
  return (
    <section class="card card--pad card--you">
      <h2 class="title">{problem.main.reason || t('fix.no_reason')}</h2>
      <p class="chips gap-3">
        <span class="chip">
          <Icon name="archive" />
          {t('fix.kept')}
        </span>
        {problem.main.receipt ? (
          <span class="chip">{t('fix.receipt', { receipt: problem.main.receipt.slice(-8) })}</span>
        ) : null}
      </p>
    </section>
  );
}

function Written({ problem, text }: { problem: Problem; text: string }) {
  const { body } = problem.main;
  const photos = documentsOf(problem.demand).filter((each) => each.type === 'media').length;
  return (
    <section class="card card--pad">
      <p class="tiny muted">{t('fix.written')}</p>
      <p class="gap-1 prewrap">{text || t('fix.untitled')}</p>
      <p class="tiny muted gap-2">
        {[
          whenLong(body && 'at' in body ? body.at : problem.main.at),
          photos ? t('fix.photos', { n: photos }) : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </section>
  );
}

/** The corrected text under a new name, with the photos; then the old one is settled. Works offline too. */
async function sendAgain(problem: Problem, text: string): Promise<void> {
  const { body } = problem.main;
  if (body?.type === 'demand') await save(await demandAgain(body, text));
  else if (body?.type === 'event') await save([eventAgain(body, text)]);
  await settle(problem.parts);
  nudge();
}

async function demandAgain(old: DemandDocument, text: string): Promise<AnyDocument[]> {
  const documents = documentsOf(old._id.slice('demand:'.length));
  const contact = documents.find((each) => each.type === 'contact');
  const media = documents.filter((each): each is MediaDocument => each.type === 'media');
  const photos: Photo[] = [];
  for (const each of media) {
    const blob = await assemble(localDatabase.value!, each);
    if (blob) {
      photos.push({
        bytes: new Uint8Array(await blob.arrayBuffer()),
        width: each.width,
        height: each.height,
      });
    }
  }
  return newDemand(author(), {
    industry: old.industry,
    crop: old.crop ?? '',
    part: old.part ?? '',
    text,
    photos,
    ...(contact?.type === 'contact' ? { farmer: contact.name, phone: contact.phone } : {}),
  });
}

function eventAgain(old: EventDocument, text: string): EventDocument {
  const consultation = fold(documentsOf(old.demand));
  if (!consultation || typeOf(old._id) !== 'event') throw new Error('its consultation is not on this phone');
  const { diagnosis, reason, on_site, stars } = old;
  const payload = { diagnosis, reason, on_site, stars, text };
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return newEvent(author(), consultation, old.kind, given);
}

function placeText(region: string): string {
  const { township, village } = placeName(region);
  return village || township || region;
}
