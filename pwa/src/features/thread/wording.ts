/** What the head of a thread says: its state, and below it the next step. */
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { day } from '../../ui/when.ts';
import { forReader, isLocal, stateLine } from '../home/row.tsx';

export function headline(consultation: Consultation): string {
  if (consultation.state === 'sent' && isLocal(consultation)) return t('head.local');
  return forReader(`head.${consultation.state}`, consultation);
}

export function nextStep(consultation: Consultation): string {
  if (consultation.state === 'sent') return t(isLocal(consultation) ? 'next.local' : 'next.sent');
  const values = { day: consultation.closed_at ? day(consultation.closed_at) : '' };
  return forReader(`next.${consultation.state}`, consultation, values) || stateLine(consultation);
}
