/** 待回答: the expert's queue by time limit (MISSION S2.2), and what was answered. */
import { lists } from '../../app/state.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { mediaId } from '../../domain/ids.ts';
import { subjectOf, titleOf } from '../../domain/grouping.ts';
import { DEFAULT_LIMITS } from '../../domain/workflow.ts';
import { chunksHere } from '../../store/library.ts';
import { cropNamed, placeName, programme } from '../../store/programme.ts';
import { person } from '../../store/session.ts';
import { Clock } from '../../ui/clock.tsx';
import { BrandHead, Empty, Frame, Section } from '../../ui/frame.tsx';
import { CropPicture, Icon } from '../../ui/icon.tsx';
import { Nav } from '../../ui/nav.tsx';
import { Picture } from '../../ui/picture.tsx';
import { timeLeft } from '../../ui/when.ts';
import { ConsultationRow } from '../home/row.tsx';

const replyMinutes = () => programme.value?.limits.reply_minutes ?? DEFAULT_LIMITS.reply_minutes;

export function Queue() {
  const me = person.value!;
  const { todo, waiting } = lists.value;
  const [first, ...others] = todo;
  const sub = [me.name, ...(me.industries ?? []).slice(0, 3)].join(' · ');
  return (
    <Frame
      top={<BrandHead title={t('queue.title')} sub={sub} />}
      dock={
        first ? (
          <div class="dock">
            <a class="btn btn--main" href={`#/answer/${first.id}`}>
              {answerLabel(first)}
            </a>
          </div>
        ) : null
      }
      nav={<Nav />}
    >
      {first ? (
        <Section title={t('queue.first')}>
          <FirstCard consultation={first} />
        </Section>
      ) : (
        <Empty title={t('queue.empty')} />
      )}
      {others.length ? (
        <Section title={t('queue.next')} end={others.length}>
          <ul class="card rows">
            {others.map((each) => (
              <QueueRow key={each.id} consultation={each} />
            ))}
          </ul>
        </Section>
      ) : null}
      {waiting.length ? (
        <Section title={t('queue.waiting')} end={waiting.length}>
          <ul class="card rows">
            {waiting.map((each) => (
              <ConsultationRow key={each.id} consultation={each} />
            ))}
          </ul>
        </Section>
      ) : null}
    </Frame>
  );
}

export function Answered() {
  const { done } = lists.value;
  return (
    <Frame top={<BrandHead title={t('queue.answered')} sub={person.value!.name} />} nav={<Nav />}>
      {done.length ? (
        <ul class="card rows">
          {done.map((each) => (
            <ConsultationRow key={each.id} consultation={each} />
          ))}
        </ul>
      ) : (
        <Empty title={t('queue.none_answered')} />
      )}
    </Frame>
  );
}

function answerLabel(consultation: Consultation): string {
  if (!consultation.reply_due) return t('queue.answer_this');
  return t('queue.answer_this_left', { left: timeLeft(consultation.reply_due, replyMinutes()).text });
}

function Facts({ consultation }: { consultation: Consultation }) {
  const place = placeName(consultation.demand.region);
  return (
    <span class="chips">
      {consultation.reply_due ? <Clock due={consultation.reply_due} wholeMinutes={replyMinutes()} /> : null}
      {consultation.state === 'dispatched' ? (
        <span class="chip chip--you">
          <Icon name="van" />
          {t('queue.on_site')}
        </span>
      ) : null}
      {place.township ? <span class="chip">{place.township}</span> : null}
    </span>
  );
}

function FirstCard({ consultation }: { consultation: Consultation }) {
  const [name] = consultation.demand.media ?? [];
  const media = consultation.media.find((each) => name && each._id === mediaId(name));
  return (
    <article class="card card--pad">
      <Facts consultation={consultation} />
      <div class="side-by-side gap-3">
        {media ? (
          <Picture media={media} label={t('photo.nth', { n: 1 })} />
        ) : (
          <CropPicture icon={cropNamed(subjectOf(consultation))?.icon} />
        )}
        <a href={`#/c/${consultation.id}`}>
          <b class="clip2">{titleOf(consultation)}</b>
          <span class="small muted">{t('queue.whole')}</span>
        </a>
      </div>
      <PhotosNote consultation={consultation} />
    </article>
  );
}

function QueueRow({ consultation }: { consultation: Consultation }) {
  return (
    <li>
      <a class="row" href={`#/answer/${consultation.id}`}>
        <CropPicture icon={cropNamed(subjectOf(consultation))?.icon} />
        <span class="row__body">
          <span class="row__title clip2">{titleOf(consultation)}</span>
          <Facts consultation={consultation} />
          <PhotosNote consultation={consultation} />
        </span>
        <Icon name="forward" />
      </a>
    </li>
  );
}

/** Text goes first, so photos may still be on the way. */
function PhotosNote({ consultation }: { consultation: Consultation }) {
  const names = consultation.demand.media ?? [];
  const known = new Map(consultation.media.map((media) => [media._id, media.chunks]));
  const coming = names.some((name) => {
    const chunks = known.get(mediaId(name));
    return chunks === undefined || (chunksHere.value.get(name) ?? 0) < chunks;
  });
  return coming ? <span class="row__sub">{t('queue.photos_coming')}</span> : null;
}
