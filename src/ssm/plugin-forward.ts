import type { Access, AccessParts } from '../access/with-access.ts';
import type { ForwardSpec } from '../config/forward-spec.ts';
import { ForgeError } from '../errors.ts';
import type { LocatedInstance } from './locate-instance.ts';
import { type PluginSession, startPluginSession } from './plugin-session.ts';
import { portRequest } from './port-session.ts';

export interface PluginForwards extends AsyncDisposable {
  /** Where each forward listens, in their order. */
  readonly ports: readonly number[];
  /** Rejects with failed PLUGIN_ENDED when one of the plugins ends by itself; never resolves. */
  readonly broken: Promise<never>;
}

/** The instance has to answer, and the plugin to open its port. */
const patienceMs = 30_000;
const lastWords = 2_000;

/** A session and a plugin for each forward, all listening on loopback. Throws what starting them throws. */
export async function startPluginForwards(
  parts: AccessParts,
  access: Access,
  order: {
    readonly program: string;
    readonly instance: LocatedInstance;
    readonly forwards: readonly ForwardSpec[];
  },
): Promise<PluginForwards> {
  const { program, instance } = order;
  const sessions: PluginSession[] = [];
  const close = async () => {
    await Promise.all(sessions.splice(0).map((session) => session[Symbol.asyncDispose]()));
  };
  const watched: Promise<never>[] = [];
  const ports: number[] = [];
  try {
    for (const { local, host, port } of order.forwards) {
      const { documentName, parameters } = portRequest(
        { instance: instance.instanceId, host, port },
        access.target.environment,
        undefined,
      );
      const localPortNumber = [String(local.kind === 'tcp' ? local.port : 0)];
      const session = await startPluginSession(parts, access, {
        program,
        instance,
        document: { documentName, parameters: { ...parameters, localPortNumber } },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      sessions.push(session);
      const words = listenTo(session);
      const ended = session.ended.then(() => {
        throw brokenOff(words());
      });
      // Whoever waits for it hears it; until then it is nobody's.
      ended.catch(() => {});
      watched.push(ended);
      ports.push(await Promise.race([openedPort(session, words, parts.host.signal), ended]));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const broken = Promise.race(watched);
  broken.catch(() => {});
  return { ports, broken, [Symbol.asyncDispose]: close };
}

/** What it has said last. Reading on keeps its pipe from filling up. */
function listenTo({ child }: PluginSession): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-lastWords);
    });
  }
  return () => text;
}

function openedPort(session: PluginSession, words: () => string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const look = () => {
      const port = /Port (\d{1,5}) opened for sessionId/.exec(words())?.[1];
      if (port !== undefined) settle(() => resolve(Number(port)));
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = setTimeout(() => settle(() => reject(brokenOff(words()))), patienceMs);
    signal.addEventListener('abort', onAbort, { once: true });
    session.child.stdout?.on('data', look);
    void session.ended.then(() => settle(() => {}));
    if (signal.aborted) onAbort();
  });
}

function brokenOff(words: string): ForgeError {
  const said = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Starting|Exiting) session with/i.test(line))
    .slice(-3)
    .join('\n');
  return new ForgeError('failed', 'session-manager-plugin has closed its port.', {
    code: 'PLUGIN_ENDED',
    hint: `${said === '' ? '' : `It said: ${said}\n`}Without --transport plugin, forge keeps ports open and sessions coming back.`,
  });
}
