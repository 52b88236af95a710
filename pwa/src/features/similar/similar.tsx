/** 找类似: what others asked, for a question in one's own words. */
import { useState } from 'preact/hooks';
import { go } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import type { SimilarCase } from '../../contract/types.ts';
import { draft } from '../../store/drafts.ts';
import { person } from '../../store/session.ts';
import { reports } from '../../domain/person.ts';
import { Field } from '../../ui/fields.tsx';
import { BrandHead, Frame } from '../../ui/frame.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Nav } from '../../ui/nav.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { reportDraft } from '../report/draft.ts';
import { CaseCard, CaseRow } from './case.tsx';
import { useFound } from './find.ts';
import { askedIn, FromPhone, isFromPhone, saying } from './found.tsx';
import { Helpful } from './helpful.tsx';

const SHOWN = 10;

export function Similar() {
  const me = person.value!;
  const question = draft(me.id, 'similar', { text: '' });
  const { text } = question.value.value;
  const found = useFound({ text }, SHOWN).value;
  const [open, setOpen] = useState<SimilarCase | null>(null);
  const results = found.state === 'found' && !found.abstained ? found.results : [];
  const [best, ...others] = results;
  const offline = isFromPhone(found);
  const asked = askedIn(found, text);

  const askExpert = () => {
    reportDraft().update({ text: reportDraft().value.value.text || text });
    go('/report');
  };

  return (
    <Frame
      top={<BrandHead title={t('similar.title')} sub={t('similar.sub')} />}
      dock={
        me.role === 'informant' && text.trim() ? (
          <div class="dock">
            <button class="btn btn--main" onClick={askExpert}>
              {t(results.length ? 'similar.none_fits' : 'similar.ask_expert')}
            </button>
          </div>
        ) : null
      }
      nav={<Nav />}
      class="stack"
    >
      <Field
        name={t('similar.question')}
        rows={2}
        value={text}
        onInput={(next) => question.update({ text: next })}
        placeholder={t('similar.example')}
        maxLength={1000}
      />
      {best && offline ? (
        <p class="from-phone">
          <FromPhone />
        </p>
      ) : null}
      {best ? (
        <CaseCard found={best} best>
          <Helpful key={`${best.id} ${asked}`} found={best} text={asked} offline={offline} />
          {reports(me) ? (
            <button class="btn btn--soft btn--wide gap-3" onClick={() => question.clear()}>
              <Icon name="check" />
              {t('similar.enough')}
            </button>
          ) : null}
        </CaseCard>
      ) : null}
      {others.length ? (
        <ul class="card rows">
          {others.map((each) => (
            <CaseRow key={each.id} found={each} picture onOpen={() => setOpen(each)} />
          ))}
        </ul>
      ) : null}
      {found.state !== 'idle' && !best ? (
        <p class="note">
          <Icon name={found.state === 'offline' ? 'cloud-off' : 'search'} />
          <span>{saying(found, false)}</span>
        </p>
      ) : null}
      {open ? (
        <Sheet title={t('similar.case')} onClose={() => setOpen(null)}>
          <CaseCard found={open}>
            <Helpful found={open} text={asked} offline={offline} />
          </CaseCard>
          <button class="btn btn--main btn--wide gap-3" onClick={() => setOpen(null)}>
            {t('similar.close')}
          </button>
        </Sheet>
      ) : null}
    </Frame>
  );
}
