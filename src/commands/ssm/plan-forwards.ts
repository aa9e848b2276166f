import type { ForwardSpec } from '../../config/forward-spec.ts';
import type { ForwardRequest } from '../../ssm/forward-session.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import type { Transport } from './session-options.ts';

/** What `--plan` says of forwards. */
export async function planForwards(
  target: InstanceTarget,
  request: Omit<ForwardRequest, 'instance'>,
  transport: Transport,
) {
  const { instanceWords, startSessionStep } = await import('../../ssm/plan-session.ts');
  const { portRequest } = await import('../../ssm/port-session.ts');
  const id = instanceWords(target);
  const remote = request.forwards.map(({ host, port }) =>
    portRequest({ instance: id, host, port }, target.environment, undefined),
  );
  const steps = remote.flatMap(({ documentName }) =>
    Array.from({ length: request.streams }, () => startSessionStep(target, documentName)),
  );
  return {
    summary: `Forward ${request.forwards.length + (request.socks === undefined ? 0 : 1)} local port(s) to ${target.name}.`,
    steps: [
      ...request.forwards.map((spec) => ({
        kind: 'local' as const,
        what: `${transport === 'plugin' ? 'run session-manager-plugin, which listens on' : 'listen on'} ${localText(spec, request.bindAll)}`,
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
