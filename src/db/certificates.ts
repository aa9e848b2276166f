import { readFile } from 'node:fs/promises';
import { ForgeError } from '../errors.ts';
import { authoritiesByRegion } from './rds-authorities/by-region.ts';
import { readRdsName } from './rds-name.ts';

/**
 * PEM of the authorities that sign certificates of RDS in a region: only its own, so that nobody else's
 * certificate is believed, public or not. Throws UNKNOWN_AUTHORITIES.
 */
export async function rdsAuthorities(region: string, host: string): Promise<readonly string[]> {
  const load = authoritiesByRegion.get(readRdsName(host)?.proxy ? 'proxy' : region);
  if (load === undefined) {
    const url = `https://truststore.pki.rds.amazonaws.com/${region}/${region}-bundle.pem`;
    throw new ForgeError('usage', `forge does not carry the certificate authorities of RDS in ${region}.`, {
      code: 'UNKNOWN_AUTHORITIES',
      hint: `Download ${url} and name the file with --ca, or with "ca" at the database in forge.yaml.`,
    });
  }
  return (await load()).authorities;
}

/** Authorities from a PEM file. Throws CA_UNREADABLE. */
export async function readAuthorities(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(`Can't read the file of certificate authorities ${path}.`, error);
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (found === null) throw unreadable(`There is no certificate in ${path}.`, undefined);
  return found.map((pem) => `${pem}\n`);
}

function unreadable(message: string, cause: unknown): ForgeError {
  return new ForgeError('usage', message, {
    code: 'CA_UNREADABLE',
    hint: 'Give --ca, or "ca" at the database in forge.yaml, a PEM file.',
    cause,
  });
}
