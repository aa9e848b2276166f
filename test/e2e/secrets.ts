/** What a secret is, which decides where it may be. */
export const secretKinds = [
  'access token',
  'refresh token',
  'client secret',
  'authorization code',
  'code verifier',
  'device code',
  'secret access key',
  'session token',
  'signature',
  'database token',
  'cluster token',
] as const;
export type SecretKind = (typeof secretKinds)[number];

export interface KnownSecret {
  readonly kind: SecretKind;
  readonly value: string;
}

/** Every secret that is given out or travels, each once. */
export interface SecretLedger {
  add(kind: SecretKind, value: string | undefined): void;
  all(): readonly KnownSecret[];
}

export function createSecretLedger(): SecretLedger {
  const secrets = new Map<string, KnownSecret>();
  return {
    add(kind, value) {
      // An empty or tiny value would be found in any text.
      if (value !== undefined && value.length >= 16) secrets.set(value, { kind, value });
    },
    all: () => [...secrets.values()],
  };
}

export interface Leak {
  readonly kind: SecretKind;
  /** How it was written there. */
  readonly form: string;
}

/** The secrets that a text holds, whole or a large part of them, in any of the forms that programs write them in. */
export function findLeaks(text: string | Buffer, secrets: readonly KnownSecret[]): Leak[] {
  const where = typeof text === 'string' ? Buffer.from(text) : text;
  const leaks: Leak[] = [];
  for (const { kind, value } of secrets) {
    const form = needlesOf(value).find(([, needle]) => where.includes(needle))?.[0];
    if (form !== undefined) leaks.push({ kind, form });
  }
  return leaks;
}

type Needle = readonly [form: string, needle: string];
const needles = new Map<string, readonly Needle[]>();

function needlesOf(value: string): readonly Needle[] {
  let found = needles.get(value);
  if (found === undefined) {
    found = piecesOf(value).flatMap((piece) => formsOf(piece));
    needles.set(value, found);
  }
  return found;
}

/** Half of a secret is a leak, too. Beginnings are left out where the sandbox gives all of a kind the same one. */
function piecesOf(value: string): string[] {
  const length = 24;
  if (value.length <= 2 * length)
    return [value, value.slice(0, 20), value.slice(-20)].filter((x) => x !== '');
  const middle = Math.floor(value.length / 2);
  const start = 60 + length < middle ? 60 : middle;
  return [start, middle, value.length - length].map((from) => value.slice(from, from + length));
}

function formsOf(piece: string): Needle[] {
  const bytes = Buffer.from(piece);
  const hex = bytes.toString('hex');
  const encoded = encodeURIComponent(piece);
  return [
    ['raw', piece],
    ['URL-encoded', encoded],
    ['URL-encoded in lower case', encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['URL-encoded twice', encodeURIComponent(encoded)],
    ['in JSON', JSON.stringify(piece).slice(1, -1)],
    ['in JSON with slashes escaped', piece.replaceAll('/', '\\/')],
    ['hexadecimal', hex],
    ['hexadecimal in upper case', hex.toUpperCase()],
    ['backwards', [...piece].reverse().join('')],
    // Of a longer text, e.g. `user:password`: the piece may begin at any third of a group of four.
    ...[0, 1, 2].flatMap((before): Needle[] => {
      const whole = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replaceAll('=', '');
      const sure = whole.slice(before === 0 ? 0 : before + 1, -1);
      return [
        ['base64', sure],
        ['base64url', sure.replaceAll('+', '-').replaceAll('/', '_')],
      ];
    }),
  ];
}
