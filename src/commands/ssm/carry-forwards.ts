import type { Access, AccessParts } from '../../access/with-access.ts';
import { placeText } from '../../config/forward-spec.ts';
import type { Context } from '../../context.ts';
import type { ForwardRequest, OpenForward } from '../../ssm/forward-session.ts';
import type { LocatedInstance } from '../../ssm/locate-instance.ts';
import type { Style } from '../../terminal/style.ts';
import { untilEnded } from '../until-ended.ts';

export interface CarryOrder extends Omit<ForwardRequest, 'instance'> {
  /** The longest that the ports stay open, milliseconds. */
  readonly maximumMs: number | undefined;
}

/** Opens the ports, says where they are, and carries what comes until Ctrl-C or the longest duration. */
export async function carryForwards(
  context: Context,
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
  order: CarryOrder,
): Promise<void> {
  const { host, output } = context;
  const { startForwarding } = await import('../../ssm/forward-session.ts');
  const { showStatus } = await import('../../ssm/forward-status.ts');
  const { instanceId, label } = instance;
  const progress = output.progress(
    `opening ${order.streams === 1 ? 'a session' : `${order.streams} sessions`} to ${label}`,
  );
  const session = startForwarding(parts, access, { ...order, instance: instanceId });
  await using running = await session.finally(() => progress[Symbol.dispose]());
  host.signal.throwIfAborted();
  if (order.bindAll) {
    output.warn('Everybody who reaches this machine can connect to these ports, and is let through.');
  }
  let status: Disposable | undefined;
  const say = () => {
    sayOpen(context, instance, running.open);
    status = showStatus(context, running, order);
  };
  await untilEnded(context, { what: 'ports', say, maximumMs: order.maximumMs }).finally(() =>
    status?.[Symbol.dispose](),
  );
}

/** The same with AWS's own plugin, one for each port. */
export async function carryWithPlugin(
  context: Context,
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
  { program, forwards, maximumMs }: Pick<CarryOrder, 'forwards' | 'maximumMs'> & { readonly program: string },
): Promise<void> {
  const { output, host } = context;
  const { startPluginForwards } = await import('../../ssm/plugin-forward.ts');
  const progress = output.progress(`opening a session to ${instance.label} with session-manager-plugin`);
  const session = startPluginForwards(parts, access, { program, instance, forwards });
  await using running = await session.finally(() => progress[Symbol.dispose]());
  host.signal.throwIfAborted();
  const open = forwards.map((spec, index) => {
    const port = running.ports[index] ?? 0;
    return {
      spec,
      listener: { text: `127.0.0.1:${port}`, local: { kind: 'tcp', host: '127.0.0.1', port } as const },
    };
  });
  const say = () => sayOpen(context, instance, open);
  await untilEnded(context, { what: 'ports', say, maximumMs, broken: running.broken });
}

type Opened = Pick<OpenForward, 'spec'> & {
  readonly listener: Pick<OpenForward['listener'], 'local' | 'text'>;
};

function sayOpen(
  { host, output }: Context,
  { instanceId, label }: LocatedInstance,
  open: readonly Opened[],
): void {
  output.result({
    data: {
      instance: instanceId,
      forwards: open.filter(({ spec }) => spec !== undefined).map(describeForward),
      socks: open.filter(({ spec }) => spec === undefined).map(({ listener }) => listener.local)[0] ?? null,
    },
    text: (style) => open.map((each) => renderForward(each, label, style)).join('\n'),
  });
  if (host.stderr.isTTY === true) output.note('Ctrl-C ends it.');
}

function describeForward({ listener: { local }, spec }: Opened) {
  return {
    localHost: local.kind === 'tcp' ? local.host : null,
    localPort: local.kind === 'tcp' ? local.port : null,
    localSocket: local.kind === 'unix' ? local.path : null,
    host: spec?.host ?? 'localhost',
    port: spec?.port ?? null,
  };
}

function renderForward({ listener, spec }: Opened, label: string, style: Style): string {
  if (spec === undefined)
    return `${style.bold(`socks5h://${listener.text}`)} → ${style.plain(label)} → any host`;
  const where = spec.host === undefined ? `port ${spec.port}` : placeText(spec.host, spec.port);
  return `${style.bold(listener.text)} → ${style.plain(label)} → ${style.plain(where)}`;
}
