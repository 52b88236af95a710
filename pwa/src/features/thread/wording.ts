/** What the head of a thread says about its state. */
import { t } from '../../catalogue/catalogue.ts';
import type { Consultation } from '../../domain/fold.ts';
import { forReader, isLocal } from '../home/row.tsx';

export function headline(consultation: Consultation): string {
  if (consultation.state === 'sent' && isLocal(consultation)) return t('head.local');
  return forReader(`head.${consultation.state}`, consultation);
}
