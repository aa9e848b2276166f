import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useProcessStage } from './process-stage.ts';

const at = useProcessStage();

describe('forge credentials', () => {
  it('is a credential_process that the SDK takes, and forge itself', async () => {
    const { out, code } = await at.run(['credentials', 'dev']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      Version: 1,
      AccessKeyId: expect.stringMatching(/^ASIA/),
      AccountId: '111111111111',
    });
    const home = at.stage.host().directories.home;
    writeFileSync(
      join(home, '.aws', 'config'),
      `[profile forge-dev]\ncredential_process = ${process.execPath} ${at.binary} credentials dev --config ${at.stage.host().env.FORGE_CONFIG}\n`,
    );
    const seen = await at.run(['whoami', '--profile', 'forge-dev', '--output', 'json']);
    expect(JSON.parse(seen.out)).toMatchObject({
      person: 'dana@tapp.example',
      caller: { source: 'profile forge-dev' },
    });
  });

  it('never asks a profile that may be the one that asks it', async () => {
    writeFileSync(
      at.inHome('no-sign-in.yaml'),
      'version: 1\nenvironments: { dev: { account: "111111111111", region: us-east-1 } }\n',
    );
    const seen = await at.run(['credentials', 'dev', '--config', at.inHome('no-sign-in.yaml')], {
      AWS_PROFILE: 'forge-dev',
    });
    expect(seen).toMatchObject({ code: 2, out: '' });
  });
});
