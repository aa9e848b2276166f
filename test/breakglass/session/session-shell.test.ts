import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionShell } from '../../../src/breakglass/session/session-shell.ts';
import { eventually } from '../../support/processes.ts';
import { hasProgram } from '../../support/programs.ts';
import { keys, openTerminal } from '../../support/pty.ts';
import { createTestHost } from '../../support/test-host.ts';
import { type SessionStage, startSessionStage } from './session-stage.ts';

let stage: SessionStage;
beforeEach(async () => {
  stage = await startSessionStage();
});
afterEach(() => stage[Symbol.dispose]());

const rc = (line: string) => `${line}\nexport AWS_PROFILE=dev AWS_REGION=eu-central-1\n`;
const shells = [
  { name: 'bash', files: { '.bashrc': rc("PS1='own> '; alias hi='echo alias-works'") }, prompt: 'own> ' },
  {
    name: 'zsh',
    files: { '.zshenv': 'FROM_ENV=yes\n', '.zshrc': rc("PROMPT='own> '; alias hi='echo alias-works'") },
    prompt: 'own> ',
  },
  {
    name: 'fish',
    files: {
      '.config/fish/config.fish':
        'function fish_prompt; echo -n "own$status> "; end\nalias hi \'echo alias-works\'\nset -gx AWS_PROFILE dev\nset -gx AWS_REGION eu-central-1\n',
    },
    prompt: 'own\\d*> ',
  },
].map((shell) => ({ ...shell, here: hasProgram(shell.name, `break-glass sessions in ${shell.name}`) }));

describe.each(shells)('an active session in $name', ({ name, files, prompt, here }) => {
  const open = () => {
    for (const [file, text] of Object.entries(files)) stage.write(file, text);
    return stage.terminal({}, { SHELL: name, AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_PROFILE: 'dev' });
  };

  it.skipIf(!here)(
    'has the prompt before the own one, own start-up files, and no other identity',
    async () => {
      using terminal = open();
      await terminal.waitFor(/BREAK-GLASS tier 1 on prod-wealth, until/);
      const red = '\\x1b\\[[^m]*31m';
      await terminal.waitFor(
        new RegExp(`${red}[^\\r\\n]{0,40}\\[BREAK-GLASS tier 1 prod-wealth 47 min\\][^\\r\\n]*${prompt}`),
      );
      terminal.write(
        `hi; env | grep -c '^AWS_PROFILE=\\|^AWS_ACCESS'; echo "r=$AWS_REGION e=$FORGE_ENV"${keys.enter}`,
      );
      await terminal.waitFor(/alias-works\r\n0\r\n/);
      await terminal.waitFor(/r=us-east-1 e=prod-wealth\r\n/);
      await terminal.waitFor(/47 min\]/);
      terminal.write(`exit 7${keys.enter}`);
      expect(await terminal.exit).toBe(7);
      expect(stage.report().ending.why).toBe('finished');
    },
  );

  it.skipIf(!here)('keeps Ctrl-C and Ctrl-Z for what runs in it', async () => {
    using terminal = open();
    await terminal.waitFor(/47 min\]/);
    terminal.write(`sh -c "echo run''ning; exec sleep 1000"${keys.enter}`);
    await terminal.waitFor(/running\r\n/);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/47 min\]/);
    terminal.write(`sh -c "echo run''ning; exec cat"${keys.enter}`);
    await terminal.waitFor(/running\r\n/);
    terminal.write(`one${keys.enter}`);
    await terminal.waitFor(/one\r\n[^\r\n]*one\r\n/);
    terminal.write('\x1a');
    await terminal.waitFor(/47 min\]/);
    terminal.write(`fg${keys.enter}`);
    // fish says that it goes on before it has set the terminal: what is typed in between is lost.
    const answered = () => /two\r\n[^\r\n]*two\r\n/.test(terminal.text());
    await eventually(async () => {
      if (!answered()) terminal.write('two\n');
      return answered();
    });
    terminal.write(keys.ctrlD);
    await terminal.waitFor(/47 min\]/);
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
    expect(stage.report().ending.why).toBe('finished');
  });

  it.skipIf(!here).each([
    ['that forge is gone', 600_000, 'gone', /\[ENDED tier 0 prod-wealth: no credentials\]/],
    ['that the time is up', -5_000, 'here', /\[ENDED tier 0 prod-wealth: no credentials\]/],
    ['seconds, at the end', 50_000, 'here', /\[BREAK-GLASS tier 0 prod-wealth \d\d s\]/],
  ])('says %s', async (_, left, forge, pattern) => {
    const gone = spawnSync('true').pid;
    const grant = { tier: 0, environment: 'prod-wealth', endsAt: Date.now() + left } as const;
    const host = createTestHost({ env: { SHELL: name, PATH: process.env.PATH } });
    const variables = { open: {}, secret: {}, removed: [] };
    const facts = { grant, pid: forge === 'gone' ? gone : process.pid, coloured: false };
    const shell = await sessionShell(host, stage.home, variables, facts);
    using terminal = openTerminal(shell.command, shell.args, { env: { ...stage.env, ...shell.env } });
    await terminal.waitFor(pattern);
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
    host.dispose();
  });

  it.skipIf(!here)('is refused inside another', async () => {
    using terminal = open();
    await terminal.waitFor(/47 min\]/);
    terminal.write(`${stage.commandLine().join(' ')}${keys.enter}`);
    await terminal.waitFor(/This shell is in a break-glass session already\./);
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
  });
});

describe('an active session', () => {
  it('says in words what the prompt of another shell can not', async () => {
    using terminal = stage.terminal({}, { SHELL: '/bin/sh' });
    await terminal.waitFor(/The prompt of this shell does not say so\./);
    terminal.write(`exit 3${keys.enter}`);
    expect(await terminal.exit).toBe(3);
  });

  it('has no colours with NO_COLOR', async () => {
    using terminal = stage.terminal({}, { SHELL: '/bin/bash', NO_COLOR: '1' });
    await terminal.waitFor(/\[BREAK-GLASS tier 1 prod-wealth 47 min\]/);
    expect(terminal.text()).not.toContain('31m');
    terminal.write(`exit${keys.enter}`);
    await terminal.exit;
  });

  it('puts a name that means something to a shell into no file', async () => {
    stage.write('.bashrc', "PS1='own> '\n");
    using terminal = stage.terminal({ environment: "$(touch pwned)`x`'%\\" }, { SHELL: '/bin/bash' });
    await terminal.waitFor(/\[BREAK-GLASS tier 1 __touch_pwned__x____ 47 min\]/);
    terminal.write(`ls pwned; exit${keys.enter}`);
    await terminal.waitFor(/No such file/);
    await terminal.exit;
  });

  it('needs a terminal, or a program to run', async () => {
    const { code, stderr } = await stage.run({});
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is no terminal for a shell\.\n.*-- <command>/);
  });

  it('says what it can not run, as a shell does', async () => {
    const { code, stderr } = await stage.run({ command: ['no-such-program'] });
    expect([code, stderr]).toEqual([127, expect.stringContaining('There is no command no-such-program.')]);
    expect((await stage.run({ command: [stage.home] })).code).toBe(126);
  });
});
