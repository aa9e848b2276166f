import type { JsonFields } from '../aws/json-body.ts';
import type { HandlerName } from '../machine/handler-runner.ts';
import type { World } from '../world.ts';
import { BadAdminRequest, numberField, textField } from './admin-fields.ts';

type Action = (world: World, fields: JsonFields) => object | Promise<object>;

/** Levers for what runs by itself: events, handlers, executions, the clock that they wait on, and what Slack was told. */
export const machineLevers: Readonly<Record<string, Action>> = {
  'GET /_sandbox/slack': ({ machine }) => ({ messages: machine.messages }),
  'GET /_sandbox/machine': ({ machine }) => ({ executions: machine.executions.all() }),
  'POST /_sandbox/machine': pull,
  'POST /_sandbox/clock': async (world, fields) => {
    await world.machine.turnClock(numberField(fields, 'offsetMs'));
    return { now: new Date(world.now()).toISOString() };
  },
};

const handlers: readonly HandlerName[] = ['recorder', 'revoker', 'sweeper', 'exporter'];

/** `{dropEvents: n}`, `{crash: handler, call: n}`, `{stop: execution's name}`, `{sweep: true}`, `{settle: true}`. */
async function pull({ machine }: World, fields: JsonFields): Promise<object> {
  if (fields.dropEvents !== undefined) machine.dropEvents(numberField(fields, 'dropEvents'));
  if (fields.crash !== undefined) {
    const handler = handlers.find((name) => name === fields.crash);
    if (handler === undefined) throw new BadAdminRequest(`there is no handler ${String(fields.crash)}`);
    machine.crashHandler(handler, numberField(fields, 'call'));
  }
  if (fields.stop !== undefined) {
    const name = textField(fields, 'stop');
    const found = machine.executions.all().find((execution) => execution.name === name);
    if (found === undefined || !machine.executions.stop(found.arn))
      throw new BadAdminRequest(`no execution ${name} runs`);
  }
  if (fields.sweep === true) await machine.sweep().catch(() => undefined);
  if (fields.settle === true) await machine.timers.idle();
  return {};
}
