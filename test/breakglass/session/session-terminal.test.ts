import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../support/programs.ts';
import { keys, openTerminal } from '../../support/pty.ts';
import { type SessionStage, startSessionStage } from './session-stage.ts';

let stage: SessionStage;
beforeEach(async () => {
  stage = await startSessionStage();
});
afterEach(() => stage[Symbol.dispose]());

const shells = ['bash', 'zsh', 'fish', 'sh'].map((name) => ({
  name,
  here: name === 'sh' || hasProgram(name, `the terminal after a break-glass session in ${name}`),
}));

describe.each(shells)('the terminal after a session in $name', ({ name, here }) => {
  it.skipIf(!here).each([
    ['whose shell waits', ''],
    ['in which a program runs', 'sh -c "stty raw -echo; echo run\'\'ning; exec sleep 1000"'],
    [
      'in which a program runs that can not be ended softly',
      `sh -c "trap '' HUP TERM; stty raw -echo; echo run''ning; while :; do sleep 1; done"`,
    ],
    // bash takes its death as an end like others, and has to be killed.
    ['whose shell does not want to end', "trap '' HUP TERM; echo run''ning"],
  ])('%s is as before, and a summary can be read from it', async (_, line) => {
    using outer = openTerminal('/bin/bash', ['--norc', '-i'], {
      env: { ...stage.env, PS1: 'outer> ', SHELL: name },
      cwd: stage.home,
    });
    await outer.waitFor(/outer> /);
    outer.write(`${stage.commandLine({ asks: true }).join(' ')}${keys.enter}`);
    await outer.waitFor(/\[BREAK-GLASS|does not say so[^\n]*\n[^\n]*(?:[$#]|outer>) /);
    if (line !== '') {
      outer.write(`${line}${keys.enter}`);
      await outer.waitFor(/running/);
    }
    stage.shiftClock(3_600_000);
    await outer.waitFor(/has ended: its time is up\.[\s\S]*Summary/);
    outer.write(`all is well${keys.enter}`);
    await outer.waitFor(/Read: all is well\./);
    await outer.waitFor(/outer> /);
    outer.write(`stty -a | tr '\\n' ' '; echo "code $?"${keys.enter}`);
    const [, settings] = await outer.waitFor(/speed([\s\S]*)code 0/);
    expect(settings).toMatch(/ isig icanon /);
    expect(settings).toMatch(/ echo echoe /);
  });
});
