import { cleanLine } from '../breakglass/protocol/document-parts.ts';
import type { Ports } from './ports.ts';

/** No access begins or ends later for want of a name. */
const patienceMs = 5_000;

/** A person's name as the identity store has it: what they wrote of themselves is not believed. Undefined: not to be had now. */
export async function knownName(
  { people, log }: Pick<Ports, 'people' | 'log'>,
  userId: string,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs);
    });
    return cleanLine(await Promise.race([people.userName(userId), late]), 256);
  } catch (error) {
    log(`The name of ${userId} is not known: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
