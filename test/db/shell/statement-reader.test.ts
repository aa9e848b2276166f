import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStatementReader, type ShellInput } from '../../../src/db/shell/statement-reader.ts';

function read(...lines: string[]): ShellInput[] {
  const reader = createStatementReader();
  return [...lines.flatMap((line) => [...reader.push(line)]), ...reader.finish()];
}
const statement = (sql: string, expanded = false) => ({ kind: 'statement', sql, expanded });
const command = (text: string) => ({ kind: 'command', text });

describe('statement reader', () => {
  it.each<[string[], object[]]>([
    [['select 1;'], [statement('select 1;')]],
    [['select 1; select 2;'], [statement('select 1;'), statement('select 2;')]],
    [['select', '', '1', ';'], [statement('select\n\n1\n;')]],
    [['\\d orders'], [command('\\d orders')]],
    [
      ['select 1', '\\x', '+ 1;'],
      [command('\\x'), statement('select 1\n\n+ 1;')],
    ],
    [["select '\\d';"], [statement("select '\\d';")]],
    [['select 1 \\g'], [statement('select 1')]],
    [['select 1 \\gx'], [statement('select 1', true)]],
    [['select 1 \\g file'], [command('\\g file'), statement('select 1')]],
    [[';;', '-- nothing', ';'], []],
    [['select 1; \\q'], [statement('select 1;'), command('\\q')]],
    [['select 1'], [statement('select 1')]],
    [['/* a', '; */ select 2;'], [statement('/* a\n; */ select 2;')]],
  ])('%j', (lines, expected) => {
    expect(read(...lines)).toEqual(expected);
  });

  it('names what is open', () => {
    const marks = (text: string) => {
      const reader = createStatementReader();
      reader.push(text);
      return reader.mark;
    };
    expect(marks('')).toBe('=');
    expect(marks('-- only a comment')).toBe('=');
    expect(marks('select')).toBe('-');
    expect(marks("select 'x")).toBe("'");
    expect(marks('select "x')).toBe('"');
    expect(marks('select $$x')).toBe('$');
    expect(marks('/* x')).toBe('*');
    expect(marks('select (')).toBe('(');
    expect(marks('select 1;')).toBe('=');
  });

  it('loses nothing of what was typed', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom(...`ab '"$;(-*/\n`) })), (parts) => {
        const lines = parts.join('').split('\n');
        const kept = read(...lines)
          .map((input) => (input.kind === 'statement' ? input.sql : ''))
          .join('')
          .replace(/\s/g, '');
        const whole = lines.join('').replace(/\s/g, '');
        // Blank statements and comments alone may go; every other character comes once and in order.
        let index = 0;
        for (const character of kept) {
          index = whole.indexOf(character, index);
          expect(index).toBeGreaterThanOrEqual(0);
          index++;
        }
      }),
    );
  });
});
