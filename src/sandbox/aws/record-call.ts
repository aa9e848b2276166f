import type { EventParameters, EventResource } from '../event-log.ts';
import type { IssuedKeys } from '../principal.ts';
import type { World } from '../world.ts';
import { AwsFailure } from './aws-failure.ts';
import type { Received } from './exchange.ts';
import { userIdentity } from './user-identity.ts';

/** What becomes known of a call while it is answered. */
export interface CallNotes {
  caller: IssuedKeys | undefined;
  parameters: EventParameters;
  region?: string;
  response?: EventParameters;
  additional?: EventParameters;
  resources?: readonly EventResource[];
}

/** Answers a signed call and records it as CloudTrail would: once, with what is known by then, also when AWS refuses. */
export function recordCall<Result>(
  world: World,
  { service, operation, request }: { service: string; operation: string; request: Received },
  answer: (notes: CallNotes) => Result,
): Result {
  const notes: CallNotes = { caller: undefined, parameters: {} };
  const record = (failure?: AwsFailure) => {
    const { caller, parameters, region, response, additional, resources } = notes;
    world.events.record({
      service,
      name: operation,
      account: caller?.principal.account,
      principal: caller?.principal.arn,
      accessKeyId: caller?.accessKeyId,
      sourceIdentity: caller?.principal.kind === 'role' ? caller.principal.sourceIdentity : undefined,
      userAgent: request.header('user-agent'),
      parameters,
      region,
      identity: caller && userIdentity(caller),
      response: failure === undefined ? response : undefined,
      additional,
      resources,
      errorCode: failure?.code,
      errorMessage: failure?.message,
    });
  };
  try {
    const result = answer(notes);
    record();
    return result;
  } catch (error) {
    if (error instanceof AwsFailure) record(error);
    throw error;
  }
}
