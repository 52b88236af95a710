import type { Role } from '../contract/types.ts';

/** Who uses the phone, as the server tells at login. */
export interface Person {
  id: string;
  name: string;
  role: Role;
  region: string;
  region_name: string;
  county: string;
  county_name: string;
  title?: string;
  industries?: string[];
  must_change_password: boolean;
  profile_complete: boolean;
}

/** Roles that work at a desk, in the console. */
export const worksAtDesk = (person: Person) => person.role === 'centre' || person.role === 'administrator';
export const reports = (person: Person) => person.role === 'informant' || person.role === 'township_lead';
