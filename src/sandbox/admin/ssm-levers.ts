import type { JsonFields } from '../aws/json-body.ts';
import { sessionKeyArn } from '../aws/kms/generate-data-key.ts';
import { bulkInstance } from '../seed-instances.ts';
import { type ChannelFaults, noFaults } from '../ssm/channel-faults.ts';
import type { DirectAccess } from '../ssm/network.ts';
import { defaultPreferences, type RunningSession } from '../ssm/session.ts';
import type { World } from '../world.ts';
import { BadAdminRequest, environmentField, numberField, textField } from './admin-fields.ts';

/** Levers for instances, sessions and the network. */
export const ssmLevers: Readonly<Record<string, (world: World, fields: JsonFields) => object>> = {
  'POST /_sandbox/ssm-instances': addInstances,
  'POST /_sandbox/ssm-faults': orderFaults,
  'POST /_sandbox/ssm-preferences': setPreferences,
  'POST /_sandbox/ssm-sessions': actOnSessions,
  'POST /_sandbox/ssm-destinations': registerDestination,
  'GET /_sandbox/network': networkOf,
  'POST /_sandbox/network': setNetwork,
};

function addInstances(world: World, fields: JsonFields): object {
  const account = environmentField(world, fields);
  const count = numberField(fields, 'count');
  if (count < 0 || count > 100_000) throw new BadAdminRequest('count must be between 0 and 100000');
  const { instances } = world.organisation;
  const known = new Set(instances.map((instance) => instance.id));
  for (let index = 1; index <= count; index++) {
    const instance = bulkInstance(account, index);
    if (!known.has(instance.id)) instances.push(instance);
  }
  return { instances: instances.filter((instance) => instance.account === account.id).length };
}

/** What is not stated is none; `{}` ends all faults. Data channels that are open keep theirs until their next socket. */
function orderFaults(world: World, fields: JsonFields): object {
  const probabilities = ['drop', 'duplicate', 'reorder'];
  const ordered = Object.entries(fields).map(([name, value]) => {
    if (!Object.hasOwn(noFaults, name)) throw new BadAdminRequest(`there is no fault ${name}`);
    if (name === 'resendAll') {
      if (typeof value !== 'boolean') throw new BadAdminRequest('resendAll must be true or false');
    } else if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw new BadAdminRequest(`${name} must be a number that is not negative`);
    } else if (probabilities.includes(name) && value > 1) {
      throw new BadAdminRequest(`${name} must be a probability`);
    }
    return [name, value] as const;
  });
  const faults: ChannelFaults = { ...noFaults, ...Object.fromEntries(ordered) };
  world.ssm.faults = faults;
  return faults;
}

/** For sessions that start from now on. */
function setPreferences(world: World, fields: JsonFields): object {
  const account = environmentField(world, fields);
  const flag = (name: 'kms' | 'requireChallenge') => {
    const value = fields[name] ?? false;
    if (typeof value !== 'boolean') throw new BadAdminRequest(`${name} must be true or false`);
    return value;
  };
  const minutes = (name: string, most: number) => {
    const value = numberField(fields, name);
    if (value < 1 || value > most) throw new BadAdminRequest(`${name} must be between 1 and ${most}`);
    return value;
  };
  const preferences = {
    idleMinutes:
      fields.idleMinutes === undefined ? defaultPreferences.idleMinutes : minutes('idleMinutes', 60),
    maxMinutes: fields.maxMinutes === undefined ? undefined : minutes('maxMinutes', 1_440),
    kmsKey: flag('kms') ? sessionKeyArn(account.id, 'us-east-1') : undefined,
    requireChallenge: flag('requireChallenge'),
    customerMessage: fields.customerMessage === undefined ? '' : textField(fields, 'customerMessage'),
  };
  world.ssm.setPreferences(account.id, preferences);
  return preferences;
}

/** `bye`, `cut`, `pause`, `start` or `end` (with `output`), for one session or all that run. */
function actOnSessions(world: World, fields: JsonFields): object {
  const id = fields.sessionId === undefined ? undefined : textField(fields, 'sessionId');
  const output = typeof fields.output === 'string' ? fields.output : '';
  const actions: Readonly<Record<string, (session: RunningSession) => void>> = {
    bye: (session) => session.sayBye(),
    cut: (session) => session.cut(),
    pause: (session) => session.publish(false),
    start: (session) => session.publish(true),
    end: (session) => session.end(output),
  };
  const name = textField(fields, 'action');
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw new BadAdminRequest(`there is no action ${name}`);
  const found = [...world.ssm.sessions.values()].flatMap((session) =>
    session.running !== undefined && (id === undefined || session.id === id) ? [session.running] : [],
  );
  for (const session of found) action(session);
  return { sessions: found.length };
}

/** `{host, port, localPort, instance?}`: what a test listens on, by the name that sessions call it. */
function registerDestination(world: World, fields: JsonFields): object {
  const [port, localPort] = [numberField(fields, 'port'), numberField(fields, 'localPort')];
  for (const value of [port, localPort]) {
    if (value < 1 || value > 65_535) throw new BadAdminRequest('port and localPort must be ports');
  }
  const instance = fields.instance === undefined ? undefined : textField(fields, 'instance');
  const host = textField(fields, 'host').toLowerCase();
  world.ssm.network.register({ host, port, localPort, instance });
  return {};
}

/** How the databases of each environment treat those who come without the gateway. */
function networkOf({ organisation, ssm }: World): Readonly<Record<string, DirectAccess>> {
  const withDatabases = organisation.accounts.filter(({ id }) =>
    organisation.clusters.some(({ account }) => account === id),
  );
  return Object.fromEntries(withDatabases.map(({ id, name }) => [name, ssm.network.direct(id)]));
}

/** `{environment?, direct, refusal?}`; without an environment: all of production, as one VPN connects or ends. */
function setNetwork(world: World, fields: JsonFields): object {
  const chosen =
    fields.environment === undefined
      ? world.organisation.accounts.filter(({ production }) => production)
      : [environmentField(world, fields)];
  if (typeof fields.direct !== 'boolean') throw new BadAdminRequest('direct must be true or false');
  const refusal = fields.refusal ?? 'silent';
  if (refusal !== 'silent' && refusal !== 'closed') {
    throw new BadAdminRequest('refusal must be silent or closed');
  }
  const access: DirectAccess = fields.direct ? 'open' : refusal;
  for (const { id } of chosen) world.ssm.network.setDirect(id, access);
  return networkOf(world);
}
