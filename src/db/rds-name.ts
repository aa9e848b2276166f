/** What an RDS endpoint's own name says. */
export interface RdsName {
  readonly region: string;
  /** RDS Proxy: its certificates come from the public Amazon authorities, and it takes no startup options. */
  readonly proxy: boolean;
  /** `shop` in `shop.cluster-c9abc.us-east-1.rds.amazonaws.com`. */
  readonly identifier: string;
}

const pattern = /^([a-z0-9-]+)\.(?:[a-z0-9-]+\.)*?([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/;

/** Reads an RDS endpoint's name; undefined for any other name. */
export function readRdsName(host: string): RdsName | undefined {
  const match = pattern.exec(host.toLowerCase());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { identifier: match[1], region: match[2], proxy: host.toLowerCase().includes('.proxy-') };
}
