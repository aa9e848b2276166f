import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  dueSentence,
  forgetDueTicket,
  listDueTickets,
  rememberDueTicket,
} from '../../../src/breakglass/emergency/due-tickets.ts';
import {
  checkedSummary,
  summaryOf,
  summaryTemplate,
  withoutFacts,
} from '../../../src/breakglass/evidence/summary-text.ts';
import { encodeEnd, parseEnd } from '../../../src/breakglass/protocol/end.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import { editorWords } from '../../../src/terminal/edit-text.ts';
import { createTestHost } from '../../support/test-host.ts';

const person = { userId: '9067f7c0de-b795330d-4e92-f05a-f251-c300db694063', userName: 'sam@tapp.example' };
const ids = (count: number) =>
  Array.from({ length: count }, (_, index) => newRequestId(index, Buffer.alloc(10, index + 1)));

describe('a summary', () => {
  it('is always one that the document of an end can have, whatever was written', () => {
    const [id] = ids(1);
    if (id === undefined) throw new Error('no id');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 9_000 }), (text) => {
        const found = summaryOf(text);
        if (found === undefined) return;
        expect(checkedSummary(found.summary)).toBe(found.summary);
        const parsed = parseEnd(
          encodeEnd({ v: 1, kind: 'end', sessionId: id, user: person, summary: found.summary }),
        );
        expect(parsed.ok).toBe(true);
      }),
    );
  });

  it('of an editor left as it was is none, and facts are not in it', () => {
    const template = summaryTemplate(['BG-1, tier 1', 'Reason: # of errors']);
    expect(summaryOf(withoutFacts(template))).toBeUndefined();
    expect(summaryOf(withoutFacts(`restarted\r\n\r\n\r\n\r\nit  \n${template}`))?.summary).toBe(
      'restarted\n\nit',
    );
    expect(summaryOf('x'.repeat(8_001))).toMatchObject({ cut: true, summary: 'x'.repeat(8_000) });
    expect(summaryOf('\ttabbed\u202e')).toEqual({ summary: 'tabbed?', cut: false });
  });
});

describe('the editor', () => {
  const words = (editor: string, platform: NodeJS.Platform = 'linux') =>
    editorWords({ env: { EDITOR: editor }, platform });

  it('is a program and its arguments, and nothing of a shell', () => {
    expect(words('code --wait')).toEqual(['code', '--wait']);
    expect(words(`"/my apps/ed" -x 'a b'`)).toEqual(['/my apps/ed', '-x', 'a b']);
    expect(words('vi; rm -rf $HOME')).toEqual(['vi;', 'rm', '-rf', '$HOME']);
    expect(words('C:\\Program Files\\Ed\\ed.exe', 'win32')).toEqual(['C:\\Program Files\\Ed\\ed.exe']);
    expect([words(''), words('  ', 'win32')]).toEqual([['vi'], ['notepad']]);
    expect(editorWords({ env: { EDITOR: 'a', VISUAL: 'b' }, platform: 'linux' })).toEqual(['b']);
  });
});

describe('tickets that are missed', () => {
  it('are kept by several at once, and none is lost', async () => {
    const host = createTestHost();
    onTestFinished(() => host.dispose());
    const all = ids(8);
    const due = all.map((id) => ({ id, person, environment: 'prod', tier: '0', dueAt: 60_000 }));
    await Promise.all(due.map((one) => rememberDueTicket(host, one)));
    expect((await listDueTickets(host)).map(({ id }) => id).sort()).toEqual([...all].sort());
    await Promise.all(all.slice(1).map((id) => forgetDueTicket(host, id)));
    const [left] = await listDueTickets(host);
    expect(left).toEqual(due[0]);
    if (left === undefined) throw new Error('none');
    expect(dueSentence(left, 0)).toContain('is due in 1 min: forge breakglass ticket bg-');
    expect(dueSentence(left, 180_000)).toContain('is overdue by 2 min');
  });
});
