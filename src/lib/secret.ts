import { inspect } from 'node:util';

/**
 * A value that must never be seen. Its string, JSON and inspect forms are `***`, so that a log line, an error
 * or a record that happens to include it shows nothing; only `reveal()` gives it, and each call of that is a
 * place to review. Every secret that is made is also remembered by `redact`, as the second line of defence.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    remember(value);
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** Shorter values would redact ordinary words. */
export const shortestRedacted = 8;
const known = new Set<string>();

function remember(value: string): void {
  if (value.length < shortestRedacted) return;
  known.add(value);
  const encoded = encodeURIComponent(value);
  if (encoded !== value) known.add(encoded);
  const escaped = JSON.stringify(value).slice(1, -1);
  if (escaped !== value) known.add(escaped);
}

/** Shapes of secrets that forge may meet in other people's text without ever having made a Secret of them. */
const shapes: readonly [RegExp, string][] = [
  [/(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+/gi, '$1***'],
  [/((?:aws_)?(?:secret_?access_?key|session_?token)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi, '$1***'],
  [/(Authorization["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, '$1***'],
  [/(x-amz-sso_bearer_token["']?\s*[:=]\s*["']?)[^\s"',}]+/gi, '$1***'],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '***'],
  [/\bk8s-aws-v1\.[\w-]{16,}/g, 'k8s-aws-v1.***'],
];

/** Nothing of them is in a text without one of these: one look for all, for every statement of a program comes by here. */
const hints = /x-amz-|secret_?access_?key|session_?token|authorization|AKIA|ASIA|k8s-aws-v1/i;

/** Replaces every known secret, and everything shaped like one, by `***`. Used on every text that leaves forge. */
export function redact(text: string): string {
  let result = text;
  for (const value of known)
    if (value.length <= result.length && result.includes(value)) result = result.replaceAll(value, '***');
  if (!hints.test(result)) return result;
  for (const [shape, replacement] of shapes) result = result.replace(shape, replacement);
  return result;
}

/** How many characters at the end of `text` may be the beginning of a known secret: for text that comes in pieces. */
export function secretBeginning(text: string): number {
  let longest = 0;
  for (const value of known) {
    const first = value[0] ?? '';
    let at = text.indexOf(first, Math.max(0, text.length - value.length + 1));
    while (at >= 0 && text.length - at > longest) {
      if (value.startsWith(text.slice(at))) longest = text.length - at;
      at = text.indexOf(first, at + 1);
    }
  }
  return longest;
}
