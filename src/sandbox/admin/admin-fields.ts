import type { JsonFields } from '../aws/json-body.ts';
import type { Account } from '../organisation.ts';
import type { World } from '../world.ts';

/** What a lever was asked is not something it does: 400, with the message. */
export class BadAdminRequest extends Error {}

export function textField(fields: JsonFields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new BadAdminRequest(`${name} must be a string`);
  return value;
}

export function numberField(fields: JsonFields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new BadAdminRequest(`${name} must be a whole number`);
  return value;
}

/** The account that `environment` names. */
export function environmentField(world: World, fields: JsonFields): Account {
  const name = textField(fields, 'environment');
  const found = world.organisation.accounts.find((account) => account.name === name);
  if (found === undefined) throw new BadAdminRequest(`there is no environment ${name}`);
  return found;
}
