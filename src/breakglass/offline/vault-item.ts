import { asJsonObject, type JsonObject, parseJsonObject } from '../../lib/json-object.ts';
import { type OfflineKey, parseOfflineKey } from './offline-key.ts';

/** An item of Bitwarden with a key in it: as two fields, named as in ~/.aws/credentials, else as user name and password. */
export interface VaultItem {
  readonly id: string;
  readonly key: OfflineKey;
  readonly json: JsonObject;
}

const fieldNames = ['aws_access_key_id', 'aws_secret_access_key'] as const;

/** Of `bw get item`. Undefined: no item, or none with a key of AWS in it. https://bitwarden.com/help/cli/#get */
export function parseVaultItem(text: string): VaultItem | undefined {
  const json = parseJsonObject(text);
  const id = json?.id;
  if (json === undefined || typeof id !== 'string' || !/^[0-9a-f-]{36}$/i.test(id)) return undefined;
  const login = asJsonObject(json.login);
  const [ownId, ownSecret] = fieldNames.map((name) => fieldOf(json, name)?.value);
  const [accessKeyId, secret] = hasFields(json) ? [ownId, ownSecret] : [login?.username, login?.password];
  if (typeof accessKeyId !== 'string' || typeof secret !== 'string') return undefined;
  const key = parseOfflineKey(accessKeyId, secret);
  return key && { id, key, json };
}

/** What `bw edit item` takes: the item with the other key where the first was, and all else as it was; base64 of JSON. */
export function encodeVaultItem({ json }: VaultItem, key: OfflineKey): string {
  const [username, password] = [key.accessKeyId, key.secretAccessKey.reveal()];
  const values = new Map<unknown, string>([
    [fieldNames[0], username],
    [fieldNames[1], password],
  ]);
  const changed = hasFields(json)
    ? {
        ...json,
        fields: fieldsOf(json).map((field) => ({ ...field, value: values.get(field.name) ?? field.value })),
      }
    : { ...json, login: { ...asJsonObject(json.login), username, password } };
  return Buffer.from(JSON.stringify(changed)).toString('base64');
}

const hasFields = (json: JsonObject): boolean =>
  fieldNames.every((name) => fieldOf(json, name) !== undefined);

const fieldOf = (json: JsonObject, name: string): JsonObject | undefined =>
  fieldsOf(json).find((field) => field.name === name);

function fieldsOf({ fields }: JsonObject): readonly JsonObject[] {
  const all: readonly unknown[] = Array.isArray(fields) ? fields : [];
  return all.map(asJsonObject).filter((field) => field !== undefined);
}
