import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { type IdentityStub, startIdentityStub } from '../identity/identity-stub.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

export const startUrl = 'https://d-1234567890.awsapps.com/start';
export const flags = ['--start-url', startUrl, '--sso-region', 'us-east-1'];

/** An Identity Center, and a home where nobody has signed in yet. */
export interface LoginStage {
  readonly stub: IdentityStub;
  readonly host: TestHost;
  /** Makes the home that of a desktop, with a person at the terminal and a browser that says Allow at once. */
  makeDesktop(): void;
  /** What the browser was shown: status and text. */
  page(): string;
  readonly pageFile: string;
  /** Opens an address, as BROWSER names it. */
  browserScript(): string;
  /** The token's. */
  readonly file: string;
  cacheFiles(): string[];
  /** All that was said, on stdout and stderr. */
  texts(): string;
}

/** Set up before and taken down after each test of the file that calls it. */
export function useLoginStage(): LoginStage {
  let stub: IdentityStub;
  let host: TestHost;

  function makeHost(options: { tty?: boolean } = {}): void {
    host?.dispose();
    const made = createTestHost({ tty: options.tty ?? false });
    if (options.tty) Object.assign(made.stdin, { isTTY: true });
    host = { ...made, env: { ...made.env, AWS_ENDPOINT_URL: stub.url, AWS_MAX_ATTEMPTS: '1' } };
  }

  beforeEach(async () => {
    stub = await startIdentityStub();
    makeHost();
  });
  afterEach(async () => {
    await stub[Symbol.asyncDispose]();
    host.dispose();
  });

  const stage: LoginStage = {
    get stub() {
      return stub;
    },
    get host() {
      return host;
    },
    makeDesktop() {
      makeHost({ tty: true });
      Object.assign(host.env, { BROWSER: stage.browserScript(), DISPLAY: ':0' });
    },
    page: () => readFileSync(stage.pageFile, 'utf8'),
    get pageFile() {
      return join(host.directories.home, 'page');
    },
    browserScript() {
      const script = join(host.directories.home, 'browser.mjs');
      writeFileSync(
        script,
        `import { appendFileSync } from 'node:fs';
const answer = await fetch(process.argv[2]);
appendFileSync(${JSON.stringify(stage.pageFile)}, answer.status + ' ' + await answer.text());`,
      );
      chmodSync(script, 0o755);
      return `${process.execPath} ${script} %s`;
    },
    get file() {
      return tokenFile(host, { session: 'forge' });
    },
    cacheFiles: () => readdirSync(dirname(stage.file)).sort(),
    texts: () => host.out() + host.err(),
  };
  return stage;
}
