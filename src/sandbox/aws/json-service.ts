import type { EventParameters } from '../event-log.ts';
import type { IssuedKeys } from '../principal.ts';
import type { World } from '../world.ts';
import type { JsonFields } from './json-body.ts';

/** AWS JSON 1.1: the operation in X-Amz-Target, JSON in and out, every call signed. SSM and KMS speak it. */
export interface JsonService {
  /** As scopes and IAM name it. */
  readonly name: string;
  /** What stands before the operation in X-Amz-Target. */
  readonly target: string;
  /** Of the JSON protocol; 1.1 unless it is said. */
  readonly version?: '1.0';
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

export type JsonOperation = (request: JsonRequest) => object;

export interface JsonRequest {
  readonly world: World;
  readonly fields: JsonFields;
  readonly caller: IssuedKeys;
  readonly region: string;
  /** `http://127.0.0.1:<port>` of the stand-in. */
  readonly baseUrl: string;
  /** For the event: what CloudTrail shows of the request, never a secret. */
  note(parameters: EventParameters): void;
  /** For the event: CloudTrail's responseElements. */
  noteResponse(response: EventParameters): void;
}
