import type { Access } from '../access/with-access.ts';
import type { Recording, TerminalSize } from '../audit/recording.ts';
import type { Environment } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';

/** What is shown of production is kept. Elsewhere only where somebody wants it. */
export function isRecorded(environment: Environment | undefined, asked: boolean): boolean {
  return asked || environment?.production === true;
}

export interface ShellToRecord {
  /** `ssm`, `ssm run` */
  readonly purpose: string;
  readonly size: TerminalSize;
  /** --record */
  readonly asked: boolean;
  readonly plainLines?: boolean;
}

/** Undefined where nothing is to be recorded. Throws failed RECORDING_FAILED, before anything is opened. */
export async function recordShell(
  host: Host,
  access: Access,
  { purpose, size, asked, plainLines }: ShellToRecord,
): Promise<Recording | undefined> {
  const { id, breakglass, target } = access;
  if (breakglass === undefined && !isRecorded(target.environment, asked)) return undefined;
  const { startRecording } = await import('../audit/recording.ts');
  const title = `forge ${purpose} ${target.name}`;
  return startRecording(host, { id, breakGlass: breakglass, title, size, plainLines: plainLines === true });
}

/** The plugin has the terminal to itself. Throws denied NOT_RECORDED where its shell would have to be recorded. */
export function refuseUnrecorded(environment: Environment | undefined, asked: boolean): void {
  if (!isRecorded(environment, asked)) return;
  const what = asked
    ? 'What is to be recorded'
    : `A shell in ${environment?.name ?? 'production'} is recorded: it`;
  throw new ForgeError(asked ? 'usage' : 'denied', `${what} can't go through session-manager-plugin.`, {
    code: 'NOT_RECORDED',
    hint: 'Leave out --transport plugin (FORGE_SSM_TRANSPORT).',
  });
}
