import { type CommandInput, defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { ForwardRequest, OpenForward } from '../../ssm/forward-session.ts';
import { checkDistinct, type ForwardSpec, parseForward, placeText } from '../../ssm/forward-spec.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import type { Style } from '../../terminal/style.ts';
import { type ConnectOptions, maximumMs, shellOptions } from './session-options.ts';

interface ForwardOptions extends ConnectOptions {
  readonly socks?: number | true;
  readonly streams?: number;
  readonly bindAll?: boolean;
}

const socksPort = 1080;
/** AWS counts each session of a person; and past a few, the line is the bottleneck. */
const mostStreams = 16;

export default defineCommand<ForwardOptions>({
  description:
    'Forwards ports of this machine to an instance, or through it to what it can reach, until Ctrl-C.',
  arguments: [
    { name: '<instance>', description: 'id, name in forge.yaml, Name tag, private address, tag:key=value' },
    { name: '[forwards...]', description: '[local:][host:]port; host as the instance knows it' },
  ],
  options: [
    {
      flags: '--socks [port]',
      description: `SOCKS5 proxy, names looked up on the instance (${socksPort})`,
      parse: parseLocal,
    },
    {
      flags: '--streams <number>',
      description: 'sessions to spread connections over (1)',
      parse: parseStreams,
    },
    { flags: '--bind-all', description: 'listen on all addresses of this machine, not only loopback' },
    ...shellOptions.slice(0, 2),
  ],
  examples: [
    ['forge ssm forward dev/bastion 9200:9100', 'port 9100 of the instance, here at 127.0.0.1:9200'],
    [
      'forge ssm forward dev/bastion db.internal:5432 :redis.internal:6379',
      'through it; : takes any free port',
    ],
    ['forge ssm forward dev/bastion unix:/run/user/1000/db/pg.sock:db.internal:5432', 'at a unix socket'],
    ['forge ssm forward dev/bastion --socks', 'curl --proxy socks5h://127.0.0.1:1080 http://wiki.internal/'],
    [
      'forge ssm forward i-0123456789abcdef0 :80 --region us-east-1 --output json',
      'prints the port that it took',
    ],
  ],
  details: `A host in brackets is an IPv6 address: 15432:[fd00::5]:5432. With --output json one document says where it listens,
once it does; then it goes on running. A session that is lost comes back by itself, and the ports stay open.
The agent on the instance sends about 1 MB/s in one session, whatever the client: --streams 4 takes four.
A program that closes only its sending half still gets its answer, as long as no more than 5 s pass without data.`,
  run: runForward,
});

async function runForward(context: Context, input: CommandInput<ForwardOptions>): Promise<void> {
  const { host, globals, output } = context;
  const { options } = input;
  const [word, ...texts] = input.args;
  const { resolveInstance } = await import('../../targets/resolve-instance.ts');
  const forwards = texts.map(parseForward);
  const socks = options.socks === true ? socksPort : options.socks;
  const socksPlace =
    socks === undefined ? [] : [{ local: { kind: 'tcp', port: socks } as const, host: undefined, port: 0 }];
  if (forwards.length + socksPlace.length === 0) {
    throw new ForgeError('usage', 'Nothing is said that could be forwarded.', {
      code: 'USAGE',
      hint: `Say a port, e.g.: forge ssm forward ${word} 5432; or --socks`,
    });
  }
  checkDistinct([...forwards, ...socksPlace]);
  const config = await context.config();
  const target = resolveInstance(config, word, { ...globals, variables: host.env });
  const purpose = { purpose: 'ssm forward', reason: options.reason, profile: globals.profile };
  const maximum = maximumMs(options, target.environment);
  const request = { forwards, socks, streams: options.streams ?? 1, bindAll: options.bindAll === true };
  if (globals.plan) {
    const { planInstance } = await import('../../ssm/plan-session.ts');
    return output.plan(planInstance(config, target, purpose, await plannedUse(target, request)));
  }
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withInstance } = await import('../../ssm/with-instance.ts');
  const { startForwarding } = await import('../../ssm/forward-session.ts');
  const { showStatus } = await import('../../ssm/forward-status.ts');
  const { chooserFor } = await import('./choose-instance.ts');
  const parts = { ...identityParts(context), config };
  const choose = chooserFor(context, target);
  await withInstance(parts, target, purpose, choose, async (access, { instanceId, label }) => {
    const progress = output.progress(
      `opening ${request.streams === 1 ? 'a session' : `${request.streams} sessions`} to ${label}`,
    );
    const session = startForwarding(parts, access, { ...request, instance: instanceId });
    await using running = await session.finally(() => progress[Symbol.dispose]());
    host.signal.throwIfAborted();
    if (request.bindAll) {
      output.warn('Everybody who reaches this machine can connect to these ports, and is let through.');
    }
    output.result({
      data: {
        instance: instanceId,
        forwards: running.open.filter(({ spec }) => spec !== undefined).map(describeForward),
        socks:
          running.open.filter(({ spec }) => spec === undefined).map(({ listener }) => listener.local)[0] ??
          null,
      },
      text: (style) => running.open.map((open) => renderForward(open, label, style)).join('\n'),
    });
    using _status = showStatus(context, running.counters, maximum);
    if (host.stderr.isTTY === true) output.note('Ctrl-C ends it.');
    await untilEnded(context, maximum);
  });
}

function describeForward({ listener: { local }, spec }: OpenForward) {
  return {
    localHost: local.kind === 'tcp' ? local.host : null,
    localPort: local.kind === 'tcp' ? local.port : null,
    localSocket: local.kind === 'unix' ? local.path : null,
    host: spec?.host ?? 'localhost',
    port: spec?.port ?? null,
  };
}

function renderForward({ listener, spec }: OpenForward, label: string, style: Style): string {
  if (spec === undefined)
    return `${style.bold(`socks5h://${listener.text}`)} → ${style.plain(label)} → any host`;
  const where = spec.host === undefined ? `port ${spec.port}` : placeText(spec.host, spec.port);
  return `${style.bold(listener.text)} → ${style.plain(label)} → ${style.plain(where)}`;
}

async function plannedUse(target: InstanceTarget, request: Omit<ForwardRequest, 'instance'>) {
  const { instanceWords, startSessionStep } = await import('../../ssm/plan-session.ts');
  const { portRequest } = await import('../../ssm/port-session.ts');
  const id = instanceWords(target);
  const remote = request.forwards.map(({ host, port }) =>
    portRequest({ instance: id, host, port }, undefined),
  );
  const steps = remote.flatMap(({ documentName }) =>
    Array.from({ length: request.streams }, () => startSessionStep(target, documentName)),
  );
  return {
    summary: `Forward ${request.forwards.length + (request.socks === undefined ? 0 : 1)} local port(s) to ${target.name}.`,
    steps: [
      ...request.forwards.map((spec) => ({
        kind: 'local' as const,
        what: `listen on ${localText(spec, request.bindAll)}`,
      })),
      ...(request.socks === undefined
        ? []
        : [
            {
              kind: 'local' as const,
              what: `listen for SOCKS5 on port ${request.socks}; a session for each host and port that is asked for`,
            },
          ]),
      ...steps,
    ],
    equivalents: remote.map(
      ({ documentName, parameters }, index) =>
        `aws ssm start-session --region ${target.region} --target ${id} --document-name ${documentName} --parameters ${parameterText({ ...parameters, localPortNumber: [localPortOf(request.forwards[index])] })}`,
    ),
  };
}

function localText({ local }: ForwardSpec, bindAll: boolean): string {
  if (local.kind === 'unix') return local.path;
  return `${bindAll ? '0.0.0.0' : '127.0.0.1'}:${local.port === 0 ? '<any free port>' : local.port}`;
}

function localPortOf(spec: ForwardSpec | undefined): string {
  return spec?.local.kind === 'tcp' ? String(spec.local.port) : '0';
}

function parameterText(parameters: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(parameters)
    .map(([name, values]) => `${name}=${values.join(',')}`)
    .join(',');
}

/** Until Ctrl-C, which main reports, or the longest duration. */
async function untilEnded({ host, output }: Context, maximum: number | undefined): Promise<void> {
  const { limitSession } = await import('../../ssm/session-limit.ts');
  await new Promise<void>((resolve, reject) => {
    const end = () => {
      limit?.[Symbol.dispose]();
      resolve();
    };
    const limit =
      maximum === undefined
        ? undefined
        : limitSession({
            host,
            maximumMs: maximum,
            warn: (left) => output.warn(`The ports close in ${durationText(left)}.`),
            end: () =>
              reject(
                new ForgeError('time-up', 'The longest duration is over: the ports are closed.', {
                  code: 'MAX_DURATION',
                }),
              ),
          });
    if (host.signal.aborted) end();
    else host.signal.addEventListener('abort', end, { once: true });
  });
}

function parseLocal(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new ForgeError('usage', `--socks takes a port from 0 to 65535, not ${JSON.stringify(text)}.`, {
    code: 'USAGE',
  });
}

function parseStreams(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= mostStreams) return Number(text);
  throw new ForgeError(
    'usage',
    `--streams takes a number from 1 to ${mostStreams}, not ${JSON.stringify(text)}.`,
    {
      code: 'USAGE',
    },
  );
}
