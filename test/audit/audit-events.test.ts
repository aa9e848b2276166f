import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditEvents } from '../../src/audit/audit-events.ts';

const root = join(import.meta.dirname, '..', '..');

/** What docs/audit-events.md says: type, version, and each member with its kind. */
function documented(): Record<string, { v: number; members: Record<string, string> }> {
  const events: Record<string, { v: number; members: Record<string, string> }> = {};
  let members: Record<string, string> = {};
  for (const line of readFileSync(join(root, 'docs', 'audit-events.md'), 'utf8').split('\n')) {
    const [, type, v] = /^### `([a-z.]+)`, version (\d+)$/.exec(line) ?? [];
    if (type !== undefined) {
      expect(events, `${type} is there twice`).not.toHaveProperty([type]);
      members = {};
      events[type] = { v: Number(v), members };
    }
    const [, name, optional, kind] = /^\| `(\w+)`(\?)? \| ([a-z ]+) \| .+ \|$/.exec(line) ?? [];
    if (name !== undefined) members[name] = `${kind}${optional ?? ''}`;
  }
  return events;
}

describe('the events of the journal', () => {
  it('are all in docs/audit-events.md, each with its version and members, and no others', () => {
    expect(documented()).toEqual(JSON.parse(JSON.stringify(auditEvents)));
  });

  it('are all written by something', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('audit-events.ts'))
      .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
      .join('\n');
    const unwritten = Object.keys(auditEvents).filter((type) => {
      const [kind, last] = [type.slice(0, type.lastIndexOf('.')), type.slice(type.lastIndexOf('.') + 1)];
      // `breakglass.${outcome}`: the last word is a value.
      return (
        !sources.includes(`type: '${type}'`) &&
        !(sources.includes(`type: \`${kind}.$`) && sources.includes(`'${last}'`))
      );
    });
    expect(unwritten).toEqual([]);
  });
});
