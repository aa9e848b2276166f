/**
 * Hosts of IAM Identity Center's access portals, in all partitions: AWS's own names for a start URL.
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/enable-identity-center-portal-access.html
 */
const portalDomains = [
  'awsapps.com',
  'awsapps.cn',
  'app.aws',
  'portal.amazonaws.com',
  'portal.amazonaws.com.cn',
  'portal.amazonaws.eu',
  'app.amazonwebservices.com.cn',
  'api.amazonwebservices.eu',
];
const issuerHost = /^identitycenter(?:\.us-gov)?\.amazonaws\.(?:com|com\.cn|eu)$/;

/** A portal's host may say its region: `ssoins-1.eu-west-1.portal.amazonaws.com`, `ssoins-1.portal.eu-west-1.app.aws`. */
const regionInHost =
  /^[^.]+\.(?:portal\.([a-z0-9-]+)\.(?:app|api)|([a-z0-9-]+)\.portal)\.(?:aws|amazonaws|amazonwebservices)(?:\.com|\.com\.cn|\.eu)?$/;

/** Wider than the portals: the next form of start URL that AWS invents shall not need a new forge. */
const awsDomains = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'amazonwebservices.com.cn',
  'amazonwebservices.eu',
  'awsapps.com',
  'awsapps.cn',
  'aws',
];

/** Whether AWS itself answers there: what such a start URL means, Identity Center knows without being asked. */
export function isAwsHost(hostname: string): boolean {
  return isBelow(hostname, awsDomains);
}

/** Whether a portal of Identity Center answers there, and nobody's bucket or machine in the same domain. */
export function isPortalHost(hostname: string): boolean {
  return issuerHost.test(plain(hostname)) || isBelow(hostname, portalDomains);
}

/** Undefined where the name does not say. */
export function regionOfPortal(hostname: string): string | undefined {
  const [, before, after] = regionInHost.exec(plain(hostname)) ?? [];
  return before ?? after;
}

function isBelow(hostname: string, domains: readonly string[]): boolean {
  const host = plain(hostname);
  return domains.some((domain) => host.endsWith(`.${domain}`));
}

function plain(hostname: string): string {
  return hostname.toLowerCase().replace(/\.$/, '');
}
