import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useProcessStage } from './process-stage.ts';

const at = useProcessStage();

describe('forge console', () => {
  it('prints a link without a secret, and opens nothing when nobody is there', async () => {
    const browser = join(at.stage.host().directories.home, 'opened');
    const { out, code } = await at.run(['console', 'dev'], { BROWSER: `touch ${browser}` });
    expect(code).toBe(0);
    expect(out).toBe(
      'https://d-9067f7c0de.awsapps.com/start/#/console?account_id=111111111111&role_name=Forge-Developer\n',
    );
    expect(existsSync(browser)).toBe(false);
    expect(readFileSync(at.stage.host().env.FORGE_CONFIG ?? '', 'utf8')).toContain('d-9067f7c0de');
  });

  it.each([
    ['https://us-east-1.console.aws.amazon.com/rds/home?region=us-east-1#databases:', 0],
    ['https://evil.example/?x=.aws.amazon.com', 2],
    ['https://aws.amazon.com.evil.example/', 2],
    ['https://notaws.amazon.com/', 2],
    ['http://console.aws.amazon.com/', 2],
    ['https://user@console.aws.amazon.com/', 2],
    ['javascript:alert(1)', 2],
    ['rds', 2],
  ])('takes %s as a destination: %i', async (destination, code) => {
    const seen = await at.stage.run('console', 'dev', '--print', '--destination', destination);
    expect(seen.code).toBe(code);
    if (code === 0)
      expect(new URLSearchParams(seen.out.trim().split('?').slice(1).join('?')).get('destination')).toBe(
        destination,
      );
  });

  it('is refused where nobody has standing access', async () => {
    expect((await at.stage.run('console', 'prod-cash')).code).toBe(5);
  });
});
