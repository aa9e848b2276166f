import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzyScore } from '../../src/lib/fuzzy.ts';
import { PickList } from '../../src/terminal/pick-list.ts';

const row = (name: string, weight = 0) => ({ value: name, cells: [name, `i-${name}`], weight });
function listOf(...rows: ReturnType<typeof row>[]) {
  const list = new PickList<string>(5);
  list.add(rows);
  return list;
}
const shown = (list: PickList<string>) => list.visible().map(({ value }) => value);

describe('pick list', () => {
  it('has what was used most and last first, then the order of names', () => {
    expect(shown(listOf(row('a'), row('c', 0.5), row('b', 2)))).toEqual(['b', 'c', 'a']);
  });

  it('narrows by letters in their order, the closest first', () => {
    const list = listOf(row('web-prod-1'), row('worker'), row('wp'), row('db'));
    list.type('wp');
    expect(shown(list)).toEqual(['wp', 'web-prod-1']);
    list.press('backspace');
    expect(shown(list)).toContain('worker');
    list.press('clear');
    expect(list.matching).toBe(4);
  });

  it('needs every word', () => {
    const list = listOf(row('web-1'), row('web-2'));
    list.type('2 web');
    expect(shown(list)).toEqual(['web-2']);
    list.type(' x');
    expect(list.current).toBeUndefined();
  });

  it('keeps the cursor on its row while more rows come', () => {
    const list = listOf(row('b'), row('d'));
    list.press('down');
    expect(list.current?.value).toBe('d');
    list.add([row('a'), row('c')]);
    expect(list.current?.value).toBe('d');
    list.press('home');
    expect(list.current?.value).toBe('a');
  });

  it('pages through thousands without leaving them', () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => row(`n${String(index).padStart(4, '0')}`));
    const list = listOf(...rows);
    list.press('end');
    expect(list.current?.value).toBe('n4999');
    list.press('down');
    expect(shown(list)).toEqual(['n4995', 'n4996', 'n4997', 'n4998', 'n4999']);
    list.press('pageup');
    expect(list.current?.value).toBe('n4994');
  });

  it('always shows the current row, whatever is pressed', () => {
    const key = fc.constantFrom('up', 'down', 'pageup', 'pagedown', 'home', 'end', 'backspace', 'clear');
    const act = fc.oneof(key, fc.constantFrom('type:a', 'type:1', 'add'));
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const list = listOf(...Array.from({ length: 30 }, (_, index) => row(`a${index}`)));
        for (const what of acts) {
          if (what === 'add') list.add([row('a99')]);
          else if (what.startsWith('type:')) list.type(what.slice(5));
          else list.press(what as 'up');
          expect(list.visible().length).toBe(Math.min(5, list.matching));
          if (list.matching > 0) expect(list.visible()).toContain(list.current);
        }
      }),
    );
  });
});

describe('fuzzy score', () => {
  it('matches exactly the subsequences of a text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.array(fc.nat()), (text, picks) => {
        const letters = [...text.toLowerCase()];
        const indexes = [...new Set(picks.map((pick) => pick % letters.length))].sort((a, b) => a - b);
        const query = indexes.map((index) => letters[index]).join('');
        expect(fuzzyScore(query.replace(/\s/g, ''), text)).not.toBeUndefined();
        expect(fuzzyScore(`${text.replace(/\s/g, '')}\u0001`, text)).toBeUndefined();
      }),
    );
  });

  it('prefers what stands together, and at the start of a word', () => {
    const score = (text: string) => fuzzyScore('web', text) ?? -1;
    expect(score('my-web')).toBeGreaterThan(score('myweb'));
    expect(score('myweb')).toBeGreaterThan(score('wide-edge-box'));
  });
});
