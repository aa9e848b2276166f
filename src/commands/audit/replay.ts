import { createHash } from 'node:crypto';
import { recordingEnd } from '../../audit/recording.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { type Cast, parseCast, parseSize } from '../../lib/asciicast.ts';
import { durationText } from '../../lib/duration-text.ts';
import { escapeJson } from '../../lib/escape-for-terminal.ts';
import { plainOutput } from '../../lib/plain-output.ts';
import { archiveOption } from './archive-option.ts';
import { deliveredTwice } from './delivered-twice.ts';
import { findPlayable, type Playable } from './find-playable.ts';
import { archivePlan, journalPlan } from './plan-audit.ts';
import { timeText } from './time-text.ts';

interface ReplayOptions {
  readonly speed: number;
  readonly idleLimit?: number;
  readonly raw?: boolean;
  readonly archive?: boolean;
}

export default defineCommand<ReplayOptions>({
  description: 'Plays what a shell showed, from its recording on this machine.',
  arguments: [{ name: '<id>', description: 'from forge audit list, or of break-glass: BG-… or bg-7f3k' }],
  options: [
    {
      flags: '--speed <n>',
      description: 'so many times as fast: 2, 0.5',
      default: 1,
      parse: (text) => parseNumber('--speed', text, 0.1, 1000),
    },
    {
      flags: '--idle-limit <seconds>',
      description: 'no silence is longer than this',
      parse: (text) => parseNumber('--idle-limit', text, 0.01, 86_400),
    },
    { flags: '--raw', description: 'the recording itself, asciicast v2, for asciinema' },
    archiveOption,
  ],
  examples: [
    ['forge audit replay 3f9c21aa', 'the shell of one access'],
    ['forge audit replay bg-7f3k --idle-limit 2', 'of a break-glass session; of several you pick one'],
    ['forge audit replay 3f9c21aa | less', 'all of its text at once'],
    ['forge audit replay --archive bg-7f3k', "what the person's forge delivered; for auditors"],
    ['forge audit replay 3f9c21aa --raw > shell.cast', 'then: asciinema play shell.cast'],
  ],
  details: `Keys: space pauses, . shows the next piece of a paused one, the arrows go 5 s back and on, q leaves.
It is a server's output: what reaches out of the screen (clipboard, title, questions to the terminal, the mouse) is left
out; --raw has it. Recorded is what forge ssm and forge ssm run of one instance show in production, and elsewhere with
--record; never what is typed. Not recorded: psql, kubectl, the break-glass shell itself, tunnels, ssh.`,
  async run(context, { args, options }) {
    const { host, output, globals } = context;
    const typed = args[0] ?? '';
    const archive = options.archive === true;
    if (globals.plan) {
      const summary = `Play the recording of ${typed}.`;
      if (!archive) return output.plan(journalPlan(summary));
      const { archivePlace } = await import('../../breakglass/archive/archive-place.ts');
      const place = archivePlace(await context.config());
      return output.plan(archivePlan(place, summary, 'sessions/', false));
    }
    const found = await findPlayable(context, typed, archive);
    const bytes = found.bytes();
    const cast = parseCast(bytes);
    if (cast === undefined) {
      throw new ForgeError('failed', `The recording ${found.path} has no beginning that can be read.`, {
        code: 'RECORDING_UNREADABLE',
        hint: 'forge audit verify says whether the journal is whole.',
      });
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const recorded = await found.sha256();
    if (!found.whole) output.warn('Pieces of it are missing.');
    if (found.another) output.warn(`${found.path}: ${deliveredTwice}`);
    if (recorded !== undefined && recorded !== sha256)
      output.warn(`This is not what was recorded: the journal has another SHA-256 of ${found.path}.`);
    if (cast.damaged > 0) output.warn(`${cast.damaged} of its lines can't be read.`);
    if (options.raw === true) {
      // Pure JSON, but for what a terminal would obey in it.
      return output.raw(host.stdout.isTTY === true ? `${escapeJson(bytes.toString('utf8'))}` : bytes);
    }
    const shown = cast.events.filter(({ kind }) => kind === 'o');
    if (output.format === 'json') {
      const matches = recorded === undefined ? null : recorded === sha256;
      return output.result({
        data: { ...factsOf(found, cast, bytes.length), sha256, matches },
        text: () => '',
      });
    }
    if (shown.length === 0) output.note('Nothing was shown.');
    if (host.stdout.isTTY !== true) return output.raw(plainOutput(shown.map(({ data }) => data).join('')));
    sayWhatItIs(context, found, cast);
    const { playRecording } = await import('../../terminal/play-recording.ts');
    await playRecording(host, output, shown, { speed: options.speed, idleLimit: options.idleLimit });
  },
});

const isoTime = ({ header }: Cast): string => new Date(header.timestamp * 1000).toISOString();

function factsOf({ id, breakGlass, path }: Playable, cast: Cast, bytes: number) {
  return {
    id,
    breakglass: breakGlass ?? null,
    title: cast.header.title,
    at: isoTime(cast),
    seconds: cast.events.at(-1)?.at ?? 0,
    ended: hasEnded(cast),
    width: cast.header.width,
    height: cast.header.height,
    markers: cast.events.filter(({ kind }) => kind === 'm').map(({ at, data }) => ({ at, text: data })),
    path,
    bytes,
  };
}

const hasEnded = ({ events }: Cast): boolean => events.at(-1)?.data === recordingEnd;

function sayWhatItIs({ host, output }: Context, { id }: Playable, cast: Cast): void {
  const { header, events } = cast;
  const lasted = durationText((events.at(-1)?.at ?? 0) * 1000);
  output.note(`${header.title}, ${timeText(isoTime(cast))}, ${lasted} (${id.slice(0, 8)})`);
  if (!hasEnded(cast)) output.note('It has no end: the shell is still open, or its forge was killed.');
  const sizes = events.flatMap(({ kind, data }) => (kind === 'r' ? (parseSize(data) ?? []) : []));
  const columns = Math.max(header.width, ...sizes.map((size) => size.columns));
  const rows = Math.max(header.height, ...sizes.map((size) => size.rows));
  const { stdout, stdin } = host;
  if ((stdout.columns ?? columns) < columns || (stdout.rows ?? rows) < rows)
    output.note(`It was recorded at ${columns}×${rows}; this terminal has ${stdout.columns}×${stdout.rows}.`);
  if (stdin.isTTY === true) output.note('space pauses · . steps · ← → 5 s · q leaves');
}

function parseNumber(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}(\.\d{1,6})?$|^\.\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new ForgeError('usage', `${flag} can't be ${JSON.stringify(text)}.`, {
    code: 'USAGE',
    hint: `It is a number from ${least} to ${most}.`,
  });
}
