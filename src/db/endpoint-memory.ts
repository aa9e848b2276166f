import { rememberedAnswers } from '../files/remembered-answers.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import type { DatabaseRequest } from './database-request.ts';

/** What RDS says of a cluster or instance, as far as connecting goes. */
export interface KnownEndpoint {
  readonly writer: string;
  readonly reader: string | undefined;
  readonly port: number;
  readonly resourceId: string;
}

/** Names of endpoints outlive failovers and restarts; they are no secrets, and TLS checks what they lead to. */
const memory = rememberedAnswers<KnownEndpoint>(
  'endpoints.json',
  ({ writer, reader, port, resourceId }) =>
    typeof writer === 'string' &&
    (reader === undefined || typeof reader === 'string') &&
    Number.isInteger(port) &&
    typeof resourceId === 'string',
);

/** What RDS said within the last hour; undefined: ask it. */
export async function recallEndpoint(
  host: Pick<Host, 'directories' | 'now' | 'platform' | 'userId'>,
  account: string | undefined,
  request: DatabaseRequest,
): Promise<KnownEndpoint | undefined> {
  return account === undefined ? undefined : memory.recall(host, keyOf(account, request));
}

/** Kept for the next command. A cache that can't be written is none: the command goes on. */
export async function rememberEndpoint(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  account: string | undefined,
  request: DatabaseRequest,
  endpoint: KnownEndpoint,
): Promise<void> {
  if (account === undefined) return;
  await memory.remember(host, keyOf(account, request), endpoint).catch((error: unknown) => {
    output.debug(`the endpoint is not kept: ${error instanceof Error ? error.message : String(error)}`);
  });
}

function keyOf(account: string, { locator, region }: DatabaseRequest): string {
  const identifier = locator.kind === 'endpoint' ? locator.host : locator.identifier;
  return `${account} ${region} ${locator.kind} ${identifier}`;
}
