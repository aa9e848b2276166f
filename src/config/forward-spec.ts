import { ForgeError } from '../errors.ts';

/** Where forge listens. Port 0: any that is free. */
export type LocalPlace =
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface ForwardSpec {
  readonly local: LocalPlace;
  /** As the instance resolves it; undefined: the instance itself. */
  readonly host: string | undefined;
  readonly port: number;
}

/** AWS counts each session of a person; and past a few, the line is the bottleneck. */
export const mostStreams = 16;

const grammar =
  '[local:][host:]port, e.g. 5432, 9200:9100, db.internal:5432, 15432:[fd00::5]:5432, unix:/path:5432';
const hostName = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?\.?$/;

/**
 * One forward: `port`, `local:port`, `host:port`, `local:host:port`. What has only digits before the last colon is
 * a local port, anything else a host. An empty or 0 local port is any that is free; without one it is the same
 * number as the remote port. IPv6 addresses stand in brackets. `unix:<path>` may stand for the local port.
 * Throws INVALID_FORWARD.
 */
export function parseForward(text: string): ForwardSpec {
  const refuse = (why: string) =>
    new ForgeError('usage', `${JSON.stringify(text)} is no forward: ${why}.`, {
      code: 'INVALID_FORWARD',
      hint: `A forward is ${grammar}`,
    });
  const last = /^(?:(.*):)?(\d{1,5})$/s.exec(text);
  if (last === null) throw refuse('it does not end in a port');
  const port = Number(last[2]);
  if (port < 1 || port > 65_535) throw refuse('ports go from 1 to 65535');
  const before = last[1];
  if (before === undefined) return { local: { kind: 'tcp', port }, host: undefined, port };

  if (before.startsWith('unix:')) {
    const { head, host } = splitHost(before.slice('unix:'.length), /[/\\]/);
    const path = head ?? '';
    if (path === '' || path.includes('\0')) throw refuse('unix: needs the path of a socket');
    return { local: { kind: 'unix', path }, host: checkHost(host), port };
  }
  if (/^\d*$/.test(before)) return { local: localPort(before), host: undefined, port };
  const { head, host } = before.includes(':') ? splitHost(before, /^$/) : { head: undefined, host: before };
  const local: LocalPlace = head === undefined ? { kind: 'tcp', port } : localPort(head);
  return { local, host: checkHost(host), port };

  function localPort(digits: string): LocalPlace {
    if (!/^\d{0,5}$/.test(digits)) throw refuse(`${JSON.stringify(digits)} is no local port`);
    const number = Number(digits);
    if (number > 65_535) throw refuse('ports go from 1 to 65535');
    return { kind: 'tcp', port: number };
  }

  function checkHost(host: string | undefined): string | undefined {
    if (host === undefined) return undefined;
    if (host.startsWith('[')) {
      const address = host.slice(1, -1);
      if (!host.endsWith(']') || !isIpv6(address)) {
        throw refuse(`${JSON.stringify(host)} is no IPv6 address in brackets`);
      }
      return address;
    }
    if (host.includes(':')) throw refuse('an IPv6 address stands in brackets');
    if (!hostName.test(host)) throw refuse(`${JSON.stringify(host)} is not the name of a host`);
    return host;
  }
}

export function isForward(text: string): boolean {
  try {
    parseForward(text);
    return true;
  } catch {
    return false;
  }
}

/** `head:host`, `head:[v6]`, `[v6]` or `head` alone, where what follows the last colon can be no host. */
function splitHost(
  text: string,
  notInHost: RegExp,
): { readonly head: string | undefined; readonly host: string | undefined } {
  const bracket = text.startsWith('[') ? 0 : text.indexOf(':[') + 1;
  if (text.endsWith(']') && (bracket > 0 || text.startsWith('['))) {
    return { head: bracket === 0 ? undefined : text.slice(0, bracket - 1), host: text.slice(bracket) };
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0 || notInHost.test(text.slice(colon + 1))) return { head: text, host: undefined };
  return { head: text.slice(0, colon), host: text.slice(colon + 1) };
}

/** Where two would listen: `port 5432` or the path of a socket. Undefined: at different places. */
export function findTwice(forwards: readonly Pick<ForwardSpec, 'local'>[]): string | undefined {
  const places = new Set<string>();
  for (const { local } of forwards) {
    if (local.kind === 'tcp' && local.port === 0) continue;
    const place = local.kind === 'tcp' ? `port ${local.port}` : local.path;
    if (places.has(place)) return place;
    places.add(place);
  }
  return undefined;
}

/** Throws DUPLICATE_FORWARD where two would listen at one place. */
export function checkDistinct(forwards: readonly Pick<ForwardSpec, 'local'>[]): void {
  const place = findTwice(forwards);
  if (place === undefined) return;
  throw new ForgeError('usage', `Two forwards would listen on ${place}.`, {
    code: 'DUPLICATE_FORWARD',
    hint: 'Say another local port before one of them, or 0 for any that is free.',
  });
}

/** `db.internal:5432`, `[fd00::5]:5432`. */
export function placeText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The URL parser knows what an address is, and nothing of sockets, which what reads forge.yaml must not know. */
function isIpv6(text: string): boolean {
  return /^[0-9a-fA-F:.]{2,45}$/.test(text) && URL.canParse(`http://[${text}]/`);
}
