/** What speaks for a case besides its words (search/boosts.py): crop, line of farming, season, place. */

import type { Numbers } from './rules.ts';

/** `_TOWNSHIP`, `_COUNTY`: how many digits of a division code say them. */
type BoostRules = Pick<Numbers, 'CROP' | 'INDUSTRY' | 'SEASON' | 'PLACE' | '_TOWNSHIP' | '_COUNTY'>;

/** Where, when and about what a question is asked; empty fields are unknown. */
export interface Circumstances {
  industry: string;
  /** By its standard name. */
  crop: string;
  region: string;
  /** ISO 8601. */
  date: string;
}

export const NOWHERE: Circumstances = { industry: '', crop: '', region: '', date: '' };

/** The same of a case, with its month already read. */
export interface Setting {
  industry: string;
  crop: string;
  region: string;
  /** 1 to 12; 0 is unknown. */
  month: number;
}

const DECIMAL = /^\p{Nd}+$/u;

/** What a case gains from the circumstances of the question. */
export function boost(rules: BoostRules, setting: Setting, asked: Circumstances, month: number): number {
  return (
    (asked.crop && setting.crop === asked.crop ? rules.CROP : 0) +
    (asked.industry && setting.industry === asked.industry ? rules.INDUSTRY : 0) +
    season(setting.month, month) * rules.SEASON +
    (asked.region ? near(rules, setting.region, asked.region) * rules.PLACE : 0)
  );
}

/** 1 to 12 from an ISO 8601 date; 0 when there is none. */
export function monthOf(date: string): number {
  const month = date.slice(5, 7);
  const number = DECIMAL.test(month) ? Number(month) : 0;
  return number >= 1 && number <= 12 ? number : 0;
}

/** 1 for the same month, one half for the one before or after. */
function season(one: number, other: number): number {
  if (!one || !other) return 0;
  const apart = Math.abs(one - other);
  return [1, 0.5][Math.min(apart, 12 - apart)] ?? 0;
}

/** 1 for the same township, one half for the same county, by code; names are equal or not. */
function near(rules: BoostRules, one: string, other: string): number {
  if (one === other) return 1;
  if (!DECIMAL.test(one) || !DECIMAL.test(other)) return 0;
  if (one.slice(0, rules._TOWNSHIP) === other.slice(0, rules._TOWNSHIP)) return 1;
  return one.slice(0, rules._COUNTY) === other.slice(0, rules._COUNTY) ? 0.5 : 0;
}
