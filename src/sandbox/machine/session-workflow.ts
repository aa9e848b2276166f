import workflow from '../../../infra/modules/access-account/workflow.asl.json' with { type: 'json' };
import { fillTemplate } from '../../lib/fill-template.ts';
import { accessAccount, region } from '../seed-accounts.ts';
import { parseStateMachine, type StateMachine } from './asl/state-machine.ts';
import type { HandlerName } from './handler-runner.ts';

/** Handlers that are steps of the workflow; the sweeper runs beside it. */
const steps = ['recorder', 'revoker', 'exporter'] as const satisfies readonly HandlerName[];

const functionArn = (handler: HandlerName): string =>
  `arn:aws:lambda:${region}:${accessAccount}:function:forge-breakglass-${handler}`;

/** The workflow of a session, as Terraform deploys it here. */
export function sessionWorkflow(): StateMachine {
  const names = Object.fromEntries(steps.map((handler) => [handler, functionArn(handler)]));
  return parseStateMachine(JSON.stringify(fillTemplate(workflow, names)));
}

/** The handler behind a task's Resource. */
export function handlerOf(resource: string): (typeof steps)[number] {
  const handler = steps.find((step) => functionArn(step) === resource);
  if (handler === undefined) throw new Error(`${resource} is no function of this sandbox`);
  return handler;
}
