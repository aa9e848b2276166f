import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAwsCliVersion, warnOfOldAwsCli } from '../../../src/sandbox/process/warn-of-old-aws-cli.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
  Object.assign(host.env, { PATH: `${host.directories.home}:/usr/bin:/bin` });
});
afterEach(() => host.dispose());

function installAws(script: string): void {
  writeFileSync(join(host.directories.home, 'aws'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

describe.skipIf(process.platform === 'win32')('the aws in PATH', () => {
  it.each([
    ['aws-cli/1.28.99 Python/3.8', /is 1\.28, .* would call AWS itself\. From 1\.29 on/],
    ['aws-cli/2.12.7 Python/3.11.4 Linux/6.1', /is 2\.12, .* From 2\.13 on/],
  ])('%s is warned of', async (version, sentence) => {
    installAws(`echo '${version}'`);
    expect(await warnOfOldAwsCli(host)).toMatch(sentence);
    installAws(`echo '${version}' >&2`);
    expect(await warnOfOldAwsCli(host)).toMatch(sentence);
  });

  it.each([
    "echo 'aws-cli/1.29.0 Python/3.8'",
    "echo 'aws-cli/2.13.0 x'",
    "echo 'aws-cli/3.0.0 x'",
    'exit 1',
  ])('%s is fine, or not known', async (script) => {
    installAws(script);
    expect(await warnOfOldAwsCli(host)).toBeUndefined();
  });

  it('may be missing, or hang: the shell does not wait for it', async () => {
    Object.assign(host.env, { PATH: host.directories.home });
    expect(await warnOfOldAwsCli(host)).toBeUndefined();
    Object.assign(host.env, { PATH: `${host.directories.home}:/usr/bin:/bin` });
    installAws('sleep 30');
    const started = performance.now();
    expect(await warnOfOldAwsCli(host)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it.each(['', 'aws-cli', 'aws-cli/x.1.2', 'something aws-cli/2.1.2', 'aws-cli/99999.1.1'])(
  '%j is no version',
  (text) => expect(parseAwsCliVersion(text)).toBeUndefined(),
);
