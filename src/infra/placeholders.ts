import type { PlanResource } from './plan-document.ts';

/** Something of the example that nobody replaced. */
export interface Placeholder {
  /** The first resource that has it. */
  readonly address: string;
  /** As it stands there. */
  readonly text: string;
}

/**
 * What forge infra export writes where only AWS knows, and what documentation is written with: addresses that nobody has.
 * Source: RFC 5737 and 3849 (addresses), 2606 and 6761 (names).
 */
const standIns: readonly RegExp[] = [
  /ssoins-0{16}/,
  /\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?:\/\d{1,2})?/,
  /\b2001:0?db8:[0-9a-f:]*(?:\/\d{1,3})?/i,
  /[\w.+-]+@(?:[\w-]+\.)*example(?:\.(?:com|org|net))?(?![\w.-])/i,
  /grp-forge-who-may-stop-anybody/,
];

/** Each once, however many resources have it. Pure. */
export function findPlaceholders(resources: readonly PlanResource[]): readonly Placeholder[] {
  const found = new Map<string, Placeholder>();
  for (const { address, values } of resources) {
    const all = JSON.stringify(values);
    for (const standIn of standIns) {
      for (const [text] of all.matchAll(new RegExp(standIn, 'gi'))) {
        if (!found.has(text)) found.set(text, { address, text });
      }
    }
  }
  return [...found.values()];
}
