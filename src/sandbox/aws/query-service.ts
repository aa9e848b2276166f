import type { EventParameters, EventResource } from '../event-log.ts';
import type { IssuedKeys } from '../principal.ts';
import type { World } from '../world.ts';
import type { XmlElements } from './xml.ts';

/** The AWS Query protocol: a form in, XML out, every call signed. STS and RDS speak it; EC2 a dialect. */
export interface QueryService {
  readonly name: string;
  readonly version: string;
  readonly namespace: string;
  /** EC2 writes its replies and errors without the wrappers of the others. */
  readonly dialect?: 'ec2';
  readonly operations: Readonly<Record<string, QueryOperation>>;
}

export type QueryOperation = (request: QueryRequest) => QueryResult;

export interface QueryRequest {
  readonly world: World;
  readonly parameters: ReadonlyMap<string, string>;
  readonly caller: IssuedKeys;
  readonly region: string;
  /** For the event: what CloudTrail shows of the request, never a secret. */
  note(parameters: EventParameters): void;
  /** For the event: CloudTrail's responseElements. */
  noteResponse(response: EventParameters): void;
  /** For the event: what the call was about, in whose account. CloudTrail tells that account too. */
  noteResources(resources: readonly EventResource[]): void;
}

export interface QueryResult {
  readonly result: XmlElements;
}
