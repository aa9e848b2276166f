import { describe, expect, it } from 'vitest';
import { parseShellCommand } from '../../../src/db/shell/shell-command.ts';
import { isRecordable } from '../../../src/db/shell/shell-history.ts';

describe('backslash commands', () => {
  it.each<[string, object]>([
    ['\\q', { kind: 'quit' }],
    ['\\q;', { kind: 'quit' }],
    ['\\?', { kind: 'help' }],
    ['\\d', { kind: 'describe', text: '\\d' }],
    ['\\dt+ public.*;', { kind: 'describe', text: '\\dt+ public.*' }],
    ['\\l+', { kind: 'describe' }],
    ['\\sf my_function', { kind: 'describe' }],
    ['\\h create table', { kind: 'describe' }],
    ['\\x', { kind: 'expanded', value: undefined }],
    ['\\x ON', { kind: 'expanded', value: true }],
    ['\\timing off', { kind: 'timing', value: false }],
    ['\\timing maybe', { kind: 'refused', reason: '\\timing takes on or off.' }],
    ["\\i 'it''s.sql'", { kind: 'include', path: "it's.sql" }],
    ['\\i', { kind: 'refused' }],
    ['\\i a b.sql', { kind: 'include', path: 'a b.sql' }],
    ['\\! rm -rf', { kind: 'refused', reason: 'This shell runs no other programs.' }],
    ['\\password', { kind: 'refused' }],
    ['\\', { kind: 'refused' }],
    ['\\conninf', { kind: 'refused', reason: 'There is no command \\conninf. Did you mean \\conninfo?' }],
    ['\\zzzzzz', { kind: 'refused', reason: 'There is no command \\zzzzzz. See \\?.' }],
  ])('%s', (line, expected) => {
    expect(parseShellCommand(line)).toMatchObject(expected);
  });
});

describe('what history keeps', () => {
  it.each([
    ['select 1;', true],
    [' select 1;', false],
    ["alter role x password 'y';", false],
    ["ALTER ROLE x\nPASSWORD\n'y'", false],
    ["create user x with encrypted passw0rd 'y'", false],
    ["select set_config('app.token', 'x', false)", false],
    ["select crypt('x', gen_salt('bf'))", false],
    ['select passenger from flights', true],
  ])('%j: %s', (text, kept) => {
    expect(isRecordable(text)).toBe(kept);
  });
});
