import { ForgeError } from '../errors.ts';
import type { GrantedAccess } from './granted-access.ts';

/**
 * AWS refuses keys because of when they were issued: the boundary of break-glass, which the end of another access of the
 * same person has moved. Keys that are issued now are newer.
 */
export const isCut = (error: unknown): error is ForgeError =>
  error instanceof ForgeError &&
  error.kind === 'denied' &&
  /explicit deny in a permissions boundary/.test(error.message);

/**
 * On the way to the keys, where nothing was done yet: STS does not always say why it refuses. Keys of tier 0 are asked for anew
 * only where it is certain, for each time is told to everybody.
 */
export const mayBeCut = (error: unknown, { tier }: Pick<GrantedAccess, 'tier'>): boolean =>
  isCut(error) ||
  ((tier === 1 || tier === 2) && error instanceof ForgeError && error.code === 'ACCESS_DENIED');

/**
 * What was begun is not begun again by forge, since it may have done something: the session gets new keys, and the person
 * is told to type the line once more.
 */
export async function afterCut(
  error: ForgeError,
  granted: Pick<GrantedAccess, 'renewed'>,
): Promise<ForgeError> {
  try {
    await granted.renewed();
  } catch {
    return error;
  }
  return new ForgeError(error.kind, error.message, {
    code: error.code,
    hint: 'An access of yours that ended has cut the keys of this one; it has new ones now. Type the line once more.',
    cause: error,
  });
}
