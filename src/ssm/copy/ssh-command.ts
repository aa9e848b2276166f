import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import { planSshConfig } from '../ssh-config.ts';
import type { InstancePurpose } from '../with-instance.ts';

/** What was said of ssh. */
export interface SshSaid {
  /** Private key file; undefined: ssh finds one, as it always does (agent, ssh_config, ~/.ssh). */
  readonly identity: string | undefined;
  /** Undefined: as ssh_config says, else the person's own name. */
  readonly user: string | undefined;
}

/**
 * Arguments of ssh for a shell on the instance, with forge ssm ssh-proxy as its way there. The host key is checked and
 * kept under the instance's id, as with forge ssm config. Pure. Throws usage UNFIT_PATH, UNFIT_USER, USAGE.
 */
export function sshArguments(
  host: Pick<Host, 'program' | 'platform' | 'directories'>,
  target: InstanceTarget,
  { reason, profile }: Pick<InstancePurpose, 'reason' | 'profile'>,
  instanceId: string,
  { identity, user }: SshSaid,
  options: { readonly configPath: string | undefined; readonly mayAsk: boolean },
): string[] {
  if (instanceId.startsWith('ecs:')) {
    throw new ForgeError('usage', 'A container has no SSH server to copy through.', {
      code: 'USAGE',
      hint: 'Leave out --ssh, --identity and --user.',
    });
  }
  const settings = Object.entries({
    '--env': target.environment?.name,
    '--profile': profile,
    '--region': target.region,
    '--reason': reason,
  });
  const [planned] = planSshConfig(host, {
    environments: [],
    configPath: options.configPath,
    settings: settings.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    user,
    identityFile: identity,
  });
  const set = (name: string, value: string | undefined) =>
    value === undefined ? [] : ['-o', `${name}=${value}`];
  return [
    '-T',
    ...set('ProxyCommand', planned?.proxyCommand),
    ...set('User', planned?.user),
    ...set(
      'IdentityFile',
      planned?.identityFile === undefined ? undefined : `"${planned.identityFile.replaceAll('%', '%%')}"`,
    ),
    ...set('BatchMode', options.mayAsk ? undefined : 'yes'),
    // A dead peer is noticed, as in a session.
    ...set('ServerAliveInterval', '30'),
    ...set('ForwardAgent', 'no'),
    ...set('ForwardX11', 'no'),
    ...set('ClearAllForwardings', 'yes'),
    ...set('RemoteCommand', 'none'),
    instanceId,
    'exec sh',
  ];
}
