/**
 * What an agent's version decides. AWS's ends compare dotted decimals number by number, and each end decides for
 * itself from what it was told of the other: a comparison of texts would put 3.1.1511.0 behind 3.1.999.0, and the
 * two ends would speak past each other.
 */

/** Below, at and above 0 as `one` is older than, the same as and newer than `other`; undefined: no versions. */
export function compareVersions(one: string, other: string): number | undefined {
  const [ones, others] = [numbersOf(one), numbersOf(other)];
  if (ones === undefined || others === undefined || ones.length !== others.length) return undefined;
  for (const [index, number] of ones.entries()) {
    const difference = number - (others[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] | undefined {
  const parts = version.split('.');
  return parts.every((part) => /^\d{1,9}$/.test(part)) ? parts.map(Number) : undefined;
}

/** Agents after 3.0.196.0 carry many connections in one session (smux); older ones, one at a time. */
export function carriesManyConnections(agentVersion: string | undefined): boolean {
  return agentVersion !== undefined && (compareVersions(agentVersion, '3.0.196.0') ?? 0) > 0;
}

/** Agents up to 3.1.1511.0 close a session in which they hear no smux keepalive for half a minute. */
export function expectsKeepalive(agentVersion: string | undefined): boolean {
  return agentVersion === undefined || (compareVersions(agentVersion, '3.1.1511.0') ?? 0) <= 0;
}
