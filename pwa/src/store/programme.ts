/** The county's crops, places and telephone numbers: kept on the phone, so that they are there offline. */
import { computed, signal } from '@preact/signals';
import type { Limits } from '../domain/workflow.ts';
import { keep, kept } from './kept.ts';

export interface Crop {
  name: string;
  icon: string;
  aliases: string[];
  parts: string[];
}

export interface Place {
  code: string;
  name: string;
}

export interface Programme {
  name: string;
  county_name: string;
  hotline: string;
  group_number: string;
  industries: { name: string; crops: Crop[] }[];
  townships: (Place & { villages: Place[] })[];
  limits: Limits;
}

export const programme = signal<Programme | null>(kept<Programme | null>('programme', null));
export const hotline = computed(() => programme.value?.hotline ?? '');

export function keepProgramme(next: Programme): void {
  programme.value = next;
  keep('programme', next);
}

/** A crop by its name, with its industry. */
export function cropNamed(name: string): (Crop & { industry: string }) | null {
  for (const industry of programme.value?.industries ?? []) {
    const crop = industry.crops.find((each) => each.name === name);
    if (crop) return { ...crop, industry: industry.name };
  }
  return null;
}

/** Township and village of a region as people say them. Empty where the code is unknown here. */
export function placeName(region: string): { township: string; village: string } {
  const township = programme.value?.townships.find((each) => each.code.slice(0, 9) === region.slice(0, 9));
  const village = township?.villages.find((each) => each.code === region);
  return { township: township?.name ?? '', village: village?.name ?? '' };
}
