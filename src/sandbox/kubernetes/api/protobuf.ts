import type { Json } from './json.ts';
import { badRequest, unsupportedMediaType } from './status.ts';

/**
 * Kubernetes' protobuf, as far as kubectl's typed clients send it: `kubectl auth can-i` and `create configmap` post
 * it, whatever the server said it prefers. Fields by number from the .proto files of k8s.io/api; others are skipped.
 */
type Field = 'text' | 'flag' | 'texts' | 'bytesByName' | 'textByName' | Message;
interface Message {
  readonly [number: number]: readonly [name: string, type: Field];
}

const metadata: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'textByName'],
  12: ['annotations', 'textByName'],
  14: ['finalizers', 'texts'],
};
const resourceAttributes: Message = {
  1: ['namespace', 'text'],
  2: ['verb', 'text'],
  3: ['group', 'text'],
  4: ['version', 'text'],
  5: ['resource', 'text'],
  6: ['subresource', 'text'],
  7: ['name', 'text'],
};
const messages: Readonly<Record<string, Message>> = {
  ConfigMap: {
    1: ['metadata', metadata],
    2: ['data', 'textByName'],
    3: ['binaryData', 'bytesByName'],
    4: ['immutable', 'flag'],
  },
  Namespace: { 1: ['metadata', metadata] },
  Secret: {
    1: ['metadata', metadata],
    2: ['data', 'bytesByName'],
    3: ['type', 'text'],
    4: ['stringData', 'textByName'],
    5: ['immutable', 'flag'],
  },
  ServiceAccount: { 1: ['metadata', metadata] },
  SelfSubjectReview: { 1: ['metadata', metadata] },
  SelfSubjectAccessReview: {
    1: ['metadata', metadata],
    2: [
      'spec',
      {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', { 1: ['path', 'text'], 2: ['verb', 'text'] }],
      },
    ],
  },
  SelfSubjectRulesReview: { 1: ['metadata', metadata], 2: ['spec', { 1: ['namespace', 'text'] }] },
};
const typeMeta: Message = { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] };
const magic = Buffer.from('k8s\0');

/** The object as its JSON would be. Throws ApiFailure: broken, or of a kind that is not known in this form. */
export function decodeProtobuf(body: Buffer): Record<string, Json> {
  if (!body.subarray(0, 4).equals(magic)) throw broken();
  let type: Record<string, Json> = {};
  let raw: Buffer = Buffer.alloc(0);
  for (const field of readFields(body.subarray(4))) {
    if (field.number === 1 && Buffer.isBuffer(field.value)) type = decode(field.value, typeMeta);
    if (field.number === 2 && Buffer.isBuffer(field.value)) raw = field.value;
  }
  const kind = typeof type.kind === 'string' ? type.kind : '';
  const message = Object.hasOwn(messages, kind) ? messages[kind] : undefined;
  if (message === undefined) throw unsupportedMediaType('application/json');
  return { ...type, ...decode(raw, message) };
}

function decode(bytes: Buffer, message: Message): Record<string, Json> {
  const found = new Map<string, Json>();
  const lists = new Map<string, string[]>();
  const maps = new Map<string, Map<string, string>>();
  for (const { number, value } of readFields(bytes)) {
    const known = message[number];
    if (known === undefined) continue;
    const [name, type] = known;
    if (type === 'flag') found.set(name, value === 1);
    else if (!Buffer.isBuffer(value)) throw broken();
    else if (type === 'text') {
      // Go writes empty ones too, which say nothing.
      if (value.length > 0) found.set(name, value.toString());
    } else if (type === 'texts')
      lists
        .set(name, lists.get(name) ?? [])
        .get(name)
        ?.push(value.toString());
    else if (type === 'textByName' || type === 'bytesByName') {
      const [key, text] = entry(value, type);
      maps
        .set(name, maps.get(name) ?? new Map())
        .get(name)
        ?.set(key, text);
    } else found.set(name, decode(value, type));
  }
  const texts = [...maps].map(([name, map]) => [name, Object.fromEntries(map)] as const);
  return Object.fromEntries([...found, ...lists, ...texts]);
}

function entry(bytes: Buffer, type: 'textByName' | 'bytesByName'): readonly [string, string] {
  let key = '';
  let text = '';
  for (const { number, value } of readFields(bytes)) {
    if (!Buffer.isBuffer(value)) throw broken();
    if (number === 1) key = value.toString();
    if (number === 2) text = value.toString(type === 'bytesByName' ? 'base64' : 'utf8');
  }
  return [key, text];
}

interface WireField {
  readonly number: number;
  /** Bytes of a length-delimited field; the value of a varint, as far as it fits a number. */
  readonly value: Buffer | number;
}

/** https://protobuf.dev/programming-guides/encoding/ */
function* readFields(bytes: Buffer): Generator<WireField> {
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = bytes[offset++];
      if (byte === undefined) throw broken();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw broken();
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - offset) throw broken();
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw broken();
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        take(8);
        break;
      case 2:
        yield { number, value: take(varint()) };
        break;
      case 5:
        take(4);
        break;
      default:
        throw broken();
    }
  }
}

const broken = () => badRequest('the body of the request is not a valid protobuf object');
