import { ForgeError } from '../errors.ts';
import type { Prompt } from '../terminal/prompt.ts';
import type { DatabaseRequest } from './database-request.ts';
import type { DatabaseSession } from './open-database.ts';

/** What can be said against writing before anything is opened. Throws usage: CONFIRM_NEEDED, CONFIRM_MISMATCH. */
export function assertMayConfirm(
  prompt: Pick<Prompt, 'possible'>,
  { production, write, name }: Pick<DatabaseRequest, 'production' | 'write' | 'name'>,
  confirm: string | undefined,
): void {
  if (!production || !write) return;
  if (confirm === undefined && !prompt.possible) {
    throw new ForgeError('usage', `Writing to ${name} needs its name as a confirmation.`, {
      code: 'CONFIRM_NEEDED',
      hint: `Add --confirm ${name}`,
    });
  }
  if (confirm !== undefined && confirm !== name) throw mismatch(name, confirm);
}

/**
 * Before production is written to, the person types its name, having read what the server says it is: y is typed
 * from habit, a name is not. `risks`: what the statement would hit.
 */
export async function confirmWrite(
  parts: {
    readonly prompt: Pick<Prompt, 'text'>;
    readonly output: { warn(text: string): void };
  },
  { connection, server }: DatabaseSession,
  confirm: string | undefined,
  risks: readonly string[] = [],
): Promise<void> {
  const { request, host } = connection;
  if (!request.production || !request.write) return;
  parts.output.warn(
    `This is production: database ${server.database} on ${host}, as ${server.user}, open for writing.`,
  );
  for (const risk of risks) parts.output.warn(`${risk}.`);
  if (confirm === request.name) return;
  const question = { message: `Type ${request.name} to go on:`, flag: `--confirm ${request.name}` };
  const typed = confirm ?? (await parts.prompt.text(question)).trim();
  if (typed !== request.name) throw mismatch(request.name, typed);
}

function mismatch(name: string, typed: string): ForgeError {
  return new ForgeError('usage', `The confirmation is ${JSON.stringify(typed)}, the target is ${name}.`, {
    code: 'CONFIRM_MISMATCH',
    hint: 'Nothing was done.',
  });
}
