import { ForgeError, interruption } from './errors.ts';
import type { Host } from './host.ts';
import { processExitCode } from './lib/process-exit-code.ts';

/**
 * argv → exit code. The one place where failures become text and a code; nothing else catches to print.
 */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    await refuseUnsafeEnvironment(host);
    const code = (await runQuickly(argv, host)) ?? (await runAny(argv, host));
    return host.signal.aborted ? await reportFailure(host.signal.reason, argv, host) : code;
  } catch (error) {
    return reportFailure(error, argv, host);
  }
}

async function runQuickly(argv: readonly string[], host: Host): Promise<number | undefined> {
  if (argv[0] !== 'kube' || argv[1] !== 'token') return undefined;
  const { runKubectlLine } = await import('./kubectl-line.ts');
  return runKubectlLine(argv, host);
}

async function runAny(argv: readonly string[], host: Host): Promise<number> {
  const { runProgram } = await import('./program.ts');
  return processExitCode(await runProgram(argv, host), host.platform);
}

async function refuseUnsafeEnvironment(host: Host): Promise<void> {
  const { NODE_TLS_REJECT_UNAUTHORIZED, NODE_OPTIONS } = host.env;
  if (NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    throw new ForgeError('usage', 'NODE_TLS_REJECT_UNAUTHORIZED=0 switches certificate checks off.', {
      code: 'UNSAFE_ENVIRONMENT',
      hint: 'Unset NODE_TLS_REJECT_UNAUTHORIZED and run forge again.',
    });
  }
  if (NODE_OPTIONS !== undefined && /(^|[\s"])--inspect/.test(NODE_OPTIONS)) {
    throw new ForgeError('usage', 'NODE_OPTIONS opens a debugger that every local user could attach to.', {
      code: 'UNSAFE_ENVIRONMENT',
      hint: 'Remove --inspect from NODE_OPTIONS and run forge again.',
    });
  }
}

/** Says what went wrong, in the wanted form, and answers the exit code. */
export async function reportFailure(error: unknown, argv: readonly string[], host: Host): Promise<number> {
  // The reader of stdout went away (`forge … | head`): as every Unix tool, say nothing.
  if (host.signal.reason === 'EPIPE') return 141;
  const known =
    error instanceof ForgeError ? error : host.signal.aborted ? interruption(host.signal.reason) : undefined;
  const { renderError } = await import('./terminal/output.ts');
  const { styleFor } = await import('./terminal/style.ts');
  const style = styleFor(host.stderr, host.env);
  const json = wantsJson(argv);
  const debug = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--debug');
  const shown = known ?? bug(error, debug);
  host.stderr.write(renderError(shown, json ? 'json' : (await isForKubectl(argv)) ? 'line' : 'table', style));
  if (debug) {
    const { renderCauses } = await import('./terminal/debug.ts');
    host.stderr.write(renderCauses(error));
  }
  return shown.exitCode;
}

function bug(error: unknown, debug: boolean): ForgeError {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ForgeError('failed', `This is a defect in forge: ${text.split('\n')[0]}`, {
    code: 'INTERNAL',
    hint: debug
      ? 'Please report it with the lines below.'
      : 'Run the same command with --debug and report what it prints.',
  });
}

/** kubectl shows what its credential plugin says in the middle of its own output. */
async function isForKubectl(argv: readonly string[]): Promise<boolean> {
  const { findEntry, wordPositions } = await import('./find-entry.ts');
  const [entry] = findEntry(wordPositions(argv).map((position) => argv[position] ?? ''));
  return entry?.path === 'kube token';
}

/** Asked of argv and not of the parser, because a usage error must come out in the wanted form too. */
function wantsJson(argv: readonly string[]): boolean {
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const index = own.findLastIndex((word) => word === '--output' || word.startsWith('--output='));
  return index >= 0 && (own[index] === '--output=json' || own[index + 1] === 'json');
}
