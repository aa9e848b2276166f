import { createHash } from 'node:crypto';

/**
 * The name of an environment as an identifier of Terraform. It depends on nothing but the name: in Terraform's state it is the
 * address of all that the environment has, and must not move when another environment comes or goes. A name that is none
 * itself carries its hash, behind a `_`, which no other has: so no two names meet.
 */
export function environmentIdentifier(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9-]*$/.test(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  const letters = name.replaceAll(/[^A-Za-z0-9-]/g, '-').replace(/^(?=[^A-Za-z])/, 'e');
  return `${letters}_${hash}`;
}
