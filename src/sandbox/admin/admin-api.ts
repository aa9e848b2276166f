import { createHash, timingSafeEqual } from 'node:crypto';
import type { Received, Reply } from '../aws/exchange.ts';
import { type JsonFields, jsonReply, parseJsonObject } from '../aws/json-body.ts';
import type { Person } from '../organisation.ts';
import type { World } from '../world.ts';
import { BadAdminRequest, numberField, textField } from './admin-fields.ts';
import { assignInBulk } from './bulk.ts';
import { eksLevers } from './eks-levers.ts';
import { machineLevers } from './machine-levers.ts';
import { offlineLever } from './offline-lever.ts';
import { ssmLevers } from './ssm-levers.ts';

/**
 * Levers for rehearsals and tests: faults, the clock, assignments. Without the token of sandbox.json nothing is
 * here. Nothing here approves a sign-in: that happens on the real page.
 */
export type FindAdminReply = (request: Received) => Promise<Reply> | undefined;

type Action = (world: World, fields: JsonFields) => object | Promise<object>;

const actions: Readonly<Record<string, Action>> = {
  ...eksLevers,
  ...ssmLevers,
  ...machineLevers,
  ...offlineLever,
  'GET /_sandbox/calls': (world) => world.events.counts(),
  'GET /_sandbox/events': (world) => ({ events: world.events.all() }),
  'POST /_sandbox/faults': addFault,
  'DELETE /_sandbox/faults': (world) => {
    world.faults.clear();
    return {};
  },
  'POST /_sandbox/assign': assign,
  'POST /_sandbox/revoke': revoke,
  'POST /_sandbox/bulk': (world, fields) =>
    assignInBulk(
      world.organisation,
      person(world, fields),
      numberField(fields, 'accounts'),
      numberField(fields, 'rolesEach'),
    ),
  'POST /_sandbox/refresh-rotation': (world, fields) => {
    if (typeof fields.on !== 'boolean') throw new BadAdminRequest('on must be true or false');
    world.identityCenter.setRefreshRotation(fields.on);
    return {};
  },
};

export function createAdminApi(world: World, token: string): FindAdminReply {
  return (request) => (request.path.startsWith('/_sandbox/') ? answer(world, token, request) : undefined);
}

async function answer(world: World, token: string, request: Received): Promise<Reply> {
  const action = actions[`${request.method} ${request.path}`];
  if (!sameToken(token, request.header('x-forge-sandbox-admin')) || !action) {
    return jsonReply(404, { message: 'Not found' });
  }
  const fields = request.body.length === 0 ? {} : parseJsonObject(request.body);
  try {
    if (!fields) throw new BadAdminRequest('the body is not a JSON object');
    return jsonReply(200, await action(world, fields));
  } catch (error) {
    if (!(error instanceof BadAdminRequest)) throw error;
    return jsonReply(400, { message: error.message });
  }
}

function sameToken(expected: string, given: string | undefined): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(expected), digest(given));
}

function addFault(world: World, fields: JsonFields): object {
  const drop = fields.drop === true;
  const delayMs = fields.delayMs === undefined ? 0 : numberField(fields, 'delayMs');
  const status = fields.status === undefined ? undefined : numberField(fields, 'status');
  const error = fields.error === undefined ? undefined : textField(fields, 'error');
  const fails = error !== undefined || status !== undefined || (!drop && delayMs === 0);
  world.faults.add({
    service: textField(fields, 'service'),
    operation: textField(fields, 'operation'),
    status: status ?? 500,
    error: fails ? (error ?? 'InternalFailure') : undefined,
    message:
      fields.message === undefined
        ? 'A fault that was ordered from the sandbox'
        : textField(fields, 'message'),
    delayMs,
    drop,
    times: fields.times === undefined ? 1 : numberField(fields, 'times'),
  });
  return {};
}

function assign(world: World, fields: JsonFields): object {
  const { userName } = person(world, fields);
  const permissionSet = textField(fields, 'permissionSet');
  const account = textField(fields, 'account');
  const { organisation } = world;
  if (!organisation.permissionSets.some((set) => set.name === permissionSet)) {
    throw new BadAdminRequest(`there is no permission set ${permissionSet}`);
  }
  if (!organisation.accounts.some((entry) => entry.id === account)) {
    throw new BadAdminRequest(`there is no account ${account}`);
  }
  organisation.revocations.delete(`${userName} ${permissionSet} ${account}`);
  organisation.assignments.push({ principalType: 'USER', principal: userName, permissionSet, account });
  return {};
}

function revoke(world: World, fields: JsonFields): object {
  const { userName } = person(world, fields);
  const [permissionSet, account] = [textField(fields, 'permissionSet'), textField(fields, 'account')];
  world.organisation.revocations.add(`${userName} ${permissionSet} ${account}`);
  return {};
}

function person(world: World, fields: JsonFields): Person {
  const wanted = textField(fields, 'person');
  const found = world.organisation.people.find(
    (entry) => entry.nickname === wanted || entry.userName === wanted,
  );
  if (!found) throw new BadAdminRequest(`there is no person ${wanted}`);
  return found;
}
