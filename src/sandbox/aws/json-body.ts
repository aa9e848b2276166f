import { type JsonObject, parseJsonObject as parseObject } from '../../lib/json-object.ts';

/** A request's JSON, read field by field. */
export type JsonFields = JsonObject;

/** Undefined: not an object. */
export function parseJsonObject(body: Buffer): JsonFields | undefined {
  return parseObject(body.toString('utf8'));
}

export function jsonReply(status: number, value: object, headers: Readonly<Record<string, string>> = {}) {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(value),
  };
}
