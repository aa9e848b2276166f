import { type CommandInput, defineCommand } from '../../command.ts';
import { checkDistinct, type ForwardSpec, mostStreams, parseForward } from '../../config/forward-spec.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { onInstance } from './on-instance.ts';
import { type ConnectOptions, maximumMs, shellOptions, transportOf } from './session-options.ts';

interface ForwardOptions extends ConnectOptions {
  readonly socks?: number | true;
  readonly streams?: number;
  readonly bindAll?: boolean;
  readonly list?: boolean;
}

const socksPort = 1080;

export default defineCommand<ForwardOptions>({
  description:
    'Forwards ports of this machine to an instance, or through it to what it can reach, until Ctrl-C.',
  arguments: [
    {
      name: '[instance]',
      description:
        'id, name in forge.yaml, Name tag, private address, tag:key=value; alone: a group of forge.yaml',
    },
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
    { flags: '--list', description: "the groups of forge.yaml's forwards" },
    ...shellOptions.slice(0, 3),
  ],
  examples: [
    ['forge ssm forward dev/bastion 9200:9100', 'port 9100 of the instance, here at 127.0.0.1:9200'],
    [
      'forge ssm forward dev/bastion db.internal:5432 :redis.internal:6379',
      'through it; : takes any free port',
    ],
    ['forge ssm forward dev/bastion unix:/run/user/1000/db/pg.sock:db.internal:5432', 'at a unix socket'],
    ['forge ssm forward dev/databases', "a group of forge.yaml, under its environment's forwards"],
    ['forge ssm forward dev/bastion --socks', 'curl --proxy socks5h://127.0.0.1:1080 http://wiki.internal/'],
    [
      'forge ssm forward i-0123456789abcdef0 :80 --region us-east-1 --output json',
      'prints the port that it took',
    ],
  ],
  details: `A name alone is a group of forge.yaml, with ports an instance: a group may be called as an instance is.
A host in brackets is an IPv6 address: 15432:[fd00::5]:5432. With --output json one document says where it listens,
once it does; then it goes on running. A session that is lost comes back by itself, and the ports stay open.
In the foreground it ends with the shell that started it; in the background, by nohup or setsid it goes on.
The agent on the instance sends about 1 MB/s in one session, whatever the client: --streams 4 takes four.
Every user of this machine can connect to such a port, as to any on 127.0.0.1; unix: in a folder of your own is yours alone.
A program that closes only its sending half still gets its answer, as long as no more than 5 s pass without data.
Break-glass for instances forwards no ports: AWS keeps no transcript of them.
With --transport plugin there is a plugin for each port, at the plugin's pace; a lost one ends the command. It takes
no --socks, --streams, --bind-all and no unix sockets.`,
  run: runForward,
});

async function runForward(context: Context, input: CommandInput<ForwardOptions>): Promise<void> {
  const { host, globals, output } = context;
  const { options } = input;
  const [word, ...texts] = input.args;
  const said = { ...globals, variables: host.env };
  if (options.list === true) {
    const { listForwards } = await import('./list-forwards.ts');
    return listForwards(context, input.args);
  }
  const { resolveForwards } = await import('../../targets/resolve-forwards.ts');
  const parsed = texts.map(parseForward);
  const portsSaid = parsed.length > 0 || options.socks !== undefined;
  const config = await context.config();
  const { target, group } = resolveForwards(config, word, portsSaid, said);
  const socks = group === undefined ? (options.socks === true ? socksPort : options.socks) : group.socks;
  const forwards = group?.forwards ?? parsed;
  checkDistinct([
    ...forwards,
    ...(socks === undefined ? [] : [{ local: { kind: 'tcp', port: socks } as const }]),
  ]);
  const streams = options.streams ?? group?.streams ?? 1;
  const request = { forwards, socks, streams, bindAll: options.bindAll === true };
  const transport = transportOf(options, host.env);
  if (transport === 'plugin') refuseForPlugin(request);
  const purpose = { purpose: 'ssm forward', reason: options.reason, profile: globals.profile };
  if (globals.plan) {
    const { planInstance } = await import('../../ssm/plan-session.ts');
    const { planForwards } = await import('./plan-forwards.ts');
    return output.plan(planInstance(config, target, purpose, await planForwards(target, request, transport)));
  }
  const { findPlugin } = await import('../../ssm/plugin-program.ts');
  const { carryForwards, carryWithPlugin } = await import('./carry-forwards.ts');
  const maximum = maximumMs(options, target.environment);
  const program = transport === 'plugin' ? await findPlugin(host) : undefined;
  const { refuseUnlogged } = await import('../../ssm/logged-documents.ts');
  await onInstance(context, { config, target, purpose }, (parts, access, instance) => {
    refuseUnlogged(config, access, `A port of ${instance.label}`);
    return program === undefined
      ? carryForwards(context, parts, access, instance, { ...request, maximumMs: maximum })
      : carryWithPlugin(context, parts, access, instance, { program, forwards, maximumMs: maximum });
  });
}

function refuseForPlugin(request: {
  readonly forwards: readonly ForwardSpec[];
  readonly socks: number | undefined;
  readonly streams: number;
  readonly bindAll: boolean;
}): void {
  const { forwards, socks, streams, bindAll } = request;
  const what =
    socks !== undefined
      ? 'SOCKS'
      : streams > 1
        ? 'more than one stream'
        : bindAll
          ? '--bind-all'
          : forwards.some(({ local }) => local.kind === 'unix')
            ? 'unix sockets'
            : undefined;
  if (what === undefined) return;
  throw new ForgeError('usage', `session-manager-plugin can't do ${what}.`, {
    code: 'NOT_WITH_PLUGIN',
    hint: 'Use --transport builtin: forge can.',
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
