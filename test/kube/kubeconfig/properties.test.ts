import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { editKubeconfig, type KubeEdit } from '../../../src/kube/kubeconfig/edit-kubeconfig.ts';
import { type Kubeconfig, parseKubeconfig } from '../../../src/kube/kubeconfig/parse-kubeconfig.ts';
import { planRemove } from '../../../src/kube/kubeconfig/plan-remove.ts';
import { hasProgram } from '../../support/programs.ts';

const kubectl = hasProgram('kubectl', 'any kubeconfig, as kubectl reads it', 'options');
const lists = ['clusters', 'users', 'contexts'] as const;
const value = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const text = fc.oneof(
  word,
  fc.constantFrom(
    'yes',
    '12',
    '0x1f',
    'null',
    ' padded ',
    'a: b',
    '# no',
    "it's",
    '"',
    '\ttab\t',
    'é😀',
    'line\nend',
    '-',
    '*a',
    '',
  ),
);
const json = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(word, tie('any'), { maxKeys: 3 }),
  ),
})).any;

/** How a person, or a program, may have written the same thing. */
interface Manner {
  readonly eol: string;
  readonly step: number;
  readonly dash: number;
  readonly comments: readonly string[];
  readonly quote: 'plain' | 'double' | 'single';
  readonly flow: number;
  readonly mark: string;
  readonly begin: string;
  readonly end: string;
}
const manner: fc.Arbitrary<Manner> = fc.record({
  eol: fc.constantFrom('\n', '\r\n'),
  step: fc.constantFrom(2, 4, 3),
  dash: fc.constantFrom(0, 2),
  comments: fc.array(word, { minLength: 1, maxLength: 5 }),
  quote: fc.constantFrom('plain', 'double', 'single'),
  flow: fc.constantFrom(1, 2, 3, 9),
  mark: fc.constantFrom('', '\ufeff'),
  begin: fc.constantFrom('', '---', '# first', '%YAML 1.1\n---'),
  end: fc.constantFrom('', '# last', '...', 'none'),
});

class Writer {
  readonly lines: string[] = [];
  readonly #manner: Manner;
  #said = 0;
  constructor(own: Manner) {
    this.#manner = own;
  }

  /** Every third place has a comment on its line, every fourth one above. */
  #comment(indent: number): string {
    const { comments } = this.#manner;
    this.#said++;
    const said = `${comments[this.#said % comments.length]}-${this.#said}`;
    if (this.#said % 4 === 0) this.lines.push(`${' '.repeat(indent)}# above ${said}`);
    return this.#said % 3 === 0 ? ` # ${said}` : '';
  }

  #scalar(scalar: unknown): string {
    if (typeof scalar !== 'string') return JSON.stringify(scalar);
    const { quote } = this.#manner;
    if (quote === 'plain' && /^[a-z]{3}[a-z0-9]*$/.test(scalar) && !/^(yes|null|true|false)$/.test(scalar))
      return scalar;
    if (quote === 'single' && /^[\x20-\x7e]*$/.test(scalar)) return `'${scalar.replaceAll("'", "''")}'`;
    return JSON.stringify(scalar);
  }

  pair(indent: number, prefix: string, key: string, item: unknown, depth: number): void {
    const { step, dash, flow, quote } = this.#manner;
    const comment = this.#comment(indent);
    const head = `${prefix}${key}:`;
    if (item !== null && typeof item === 'object' && Object.keys(item).length > 0 && depth < flow) {
      this.lines.push(head + comment);
      if (Array.isArray(item)) for (const each of item) this.item(indent + dash, each, depth + 1);
      else {
        for (const [inner, each] of Object.entries(item)) {
          this.pair(indent + step, ' '.repeat(indent + step), this.#scalar(inner), each, depth + 1);
        }
      }
      return;
    }
    if (item === null && quote !== 'double') {
      this.lines.push(head + comment);
      return;
    }
    const simple = item === null || typeof item !== 'object';
    this.lines.push(`${head} ${simple ? this.#scalar(item) : JSON.stringify(item)}${comment}`);
  }

  item(indent: number, item: unknown, depth: number): void {
    const entries =
      item !== null && typeof item === 'object' && !Array.isArray(item) ? Object.entries(item) : [];
    if (entries.length === 0 || depth >= this.#manner.flow) {
      const simple = item === null || typeof item !== 'object';
      this.lines.push(`${' '.repeat(indent)}- ${simple ? this.#scalar(item) : JSON.stringify(item)}`);
      return;
    }
    for (const [index, [key, each]] of entries.entries()) {
      const before = this.lines.length;
      this.pair(indent + 2, ' '.repeat(indent + 2), this.#scalar(key), each, depth + 1);
      // A comment above the first key stays above the dash.
      const line =
        index === 0
          ? this.lines.findIndex((said, at) => at >= before && !said.trimStart().startsWith('#'))
          : -1;
      if (line >= 0) this.lines[line] = `${' '.repeat(indent)}- ${(this.lines[line] ?? '').trimStart()}`;
    }
  }

  text(): string {
    const { mark, begin, end, eol } = this.#manner;
    const all = [
      ...(begin === '' ? [] : begin.split('\n')),
      ...this.lines,
      ...(end === '' || end === 'none' ? [] : [end]),
    ];
    return mark + all.join(eol) + (end === 'none' ? '' : eol);
  }
}

const kubeconfig = fc
  .record({
    names: fc.record({
      clusters: fc.uniqueArray(word, { maxLength: 4 }),
      users: fc.uniqueArray(word, { maxLength: 4 }),
      contexts: fc.uniqueArray(word, { maxLength: 4 }),
    }),
    bodies: fc.array(fc.dictionary(word, json, { maxKeys: 3 }), { minLength: 12, maxLength: 12 }),
    unknown: fc.dictionary(
      word.map((name) => `x-${name}`),
      json,
      { maxKeys: 2 },
    ),
    order: fc.shuffledSubarray(['clusters', 'users', 'contexts', 'kind', 'x', 'current-context'], {
      minLength: 1,
    }),
    nothing: fc.constantFrom(null, []),
    nameFirst: fc.boolean(),
    current: fc.oneof(word, fc.constant('')),
    manner,
  })
  .map(({ names, bodies, unknown, order, nothing, nameFirst, current, manner: own }) => {
    const writer = new Writer(own);
    let body = 0;
    for (const key of order) {
      if (key === 'kind') writer.pair(0, '', 'kind', 'Config', 0);
      else if (key === 'current-context') writer.pair(0, '', key, current, 0);
      else if (key === 'x')
        for (const [name, item] of Object.entries(unknown)) writer.pair(0, '', name, item, 0);
      else {
        const list = key as (typeof lists)[number];
        const items = names[list].map((name) => {
          body++;
          const inner = { [value[list]]: bodies[body % bodies.length] };
          return nameFirst ? { name, ...inner } : { ...inner, name };
        });
        writer.pair(0, '', key, items.length === 0 ? nothing : items, 0);
      }
    }
    return { text: writer.text() };
  });

const forgeName = 'arn:aws:eks:us-east-1:111111111111:cluster/forge';
const edits: readonly KubeEdit[] = [
  {
    kind: 'set',
    list: 'clusters',
    name: forgeName,
    value: { server: 'https://forge.example', 'certificate-authority-data': 'LS0t' },
  },
  {
    kind: 'set',
    list: 'users',
    name: `${forgeName}@Dev`,
    value: { exec: { command: 'forge', args: ['kube', 'token'], env: null } },
  },
  {
    kind: 'set',
    list: 'contexts',
    name: 'Forge',
    value: {
      cluster: forgeName,
      user: `${forgeName}@Dev`,
      extensions: [
        { name: 'forge.tapp.dev', extension: { environment: 'dev', production: false, role: 'Dev' } },
      ],
    },
  },
  { kind: 'current', name: 'Forge' },
];
/** Where nothing was said, forge says what kind of file it is. */
const beginning = { apiVersion: 'v1', kind: 'Config', preferences: {} };
const parse = (content: string) => {
  const data = parseYaml(content, { logLevel: 'error' }) ?? {};
  return Object.keys(data).length === 0 ? beginning : data;
};
const asFile = (content: string): Kubeconfig => parseKubeconfig('/k', content);
const commentsOf = (content: string) =>
  content.match(/# (?:above )?[a-z][a-z0-9-]*-\d+|# (?:first|last)/g) ?? [];
const withoutForge = (data: Record<string, unknown>) => {
  const own = new Set([forgeName, `${forgeName}@Dev`, 'Forge']);
  const rest: Record<string, unknown> = { ...data, 'current-context': undefined };
  for (const list of lists) {
    const items = ((data[list] ?? []) as readonly { name: string }[]).filter(({ name }) => !own.has(name));
    rest[list] = items;
  }
  return rest;
};

describe('any kubeconfig, however it is written', () => {
  it('has all that was foreign afterwards, every comment, and every line that was not the current context', () => {
    fc.assert(
      fc.property(kubeconfig, ({ text: before }) => {
        const after = editKubeconfig(asFile(before), edits);
        expect(withoutForge(parse(after))).toEqual(withoutForge(parse(before)));
        expect(parse(after)['current-context']).toBe('Forge');
        for (const list of lists) {
          expect(parse(after)[list].filter(({ name }: { name: string }) => /forge/i.test(name))).toHaveLength(
            1,
          );
        }
        expect(commentsOf(after)).toEqual(commentsOf(before));
        expect(editKubeconfig(asFile(after), edits)).toBe(after);
        expect(after.includes('\r\n')).toBe(before.includes('\r\n'));
        if (before.includes('\r\n')) expect(after).not.toMatch(/[^\r]\n/);
        const changes = /^\ufeff?(?:clusters|users|contexts|current-context):/;
        const lines = new Set(after.split(/\r?\n/));
        for (const line of before.split(/\r?\n/)) {
          // A file that is a byte order mark alone has no line to keep.
          if (line !== '\ufeff' && !changes.test(line)) expect(lines).toContain(line);
        }
      }),
      { numRuns: 160 },
    );
  });

  it('is what it was when forge has gone again, but for the current context and empty lists', () => {
    fc.assert(
      fc.property(kubeconfig, ({ text: before }) => {
        const after = asFile(editKubeconfig(asFile(before), edits));
        const { edits: own, result } = planRemove({ files: [{ ...after, target: target() }] }, () => true);
        expect(result.contexts.map(({ name }) => name)).toEqual(['Forge']);
        const last = editKubeconfig(after, own.get('/k') ?? []);
        expect(withoutForge(parse(last))).toEqual(withoutForge(parse(before)));
        expect(commentsOf(last)).toEqual(commentsOf(before));
        expect(last).not.toMatch(/forge/i);
      }),
      { numRuns: 120 },
    );
  });

  it('as JSON stays JSON', () => {
    fc.assert(
      fc.property(kubeconfig, fc.constantFrom(0, 2, 4), ({ text: before }, indent) => {
        const data = parse(before);
        const own = JSON.stringify(data, null, indent);
        const after = editKubeconfig(asFile(own), edits);
        expect(withoutForge(JSON.parse(after))).toEqual(withoutForge(data));
        expect(editKubeconfig(asFile(after), edits)).toBe(after);
      }),
      { numRuns: 120 },
    );
  });

  it.skipIf(!kubectl)('kubectl reads it as it read the one before', () => {
    const folder = mkdtempSync(join(tmpdir(), 'forge-kubeconfig-'));
    const path = join(folder, 'config');
    const view = (content: string) => {
      writeFileSync(path, content);
      const words = ['config', 'view', '--raw', '-o', 'json', '--kubeconfig', path];
      const { status, stdout } = spawnSync('kubectl', words, { encoding: 'utf8' });
      return status === 0 ? JSON.parse(stdout) : undefined;
    };
    let read = 0;
    try {
      for (const { text: before } of fc.sample(kubeconfig, { numRuns: 15, seed: 20261121 })) {
        const [old, now] = [view(before), view(editKubeconfig(asFile(before), edits))];
        if (old === undefined) continue;
        read++;
        expect(withoutForge(now)).toEqual(withoutForge(old));
        expect(now.contexts).toContainEqual(expect.objectContaining({ name: 'Forge' }));
        expect(now['current-context']).toBe('Forge');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(read).toBeGreaterThan(5);
  });

  it('what is no kubeconfig is refused in one way', () => {
    const noise = fc.oneof(
      fc.string({ maxLength: 60, unit: fc.constantFrom(...'a:-#&*!|>%{}[],"\'?\n \t\r\ufeff'.split('')) }),
      kubeconfig.chain(({ text: whole }) => fc.nat(whole.length).map((cut) => whole.slice(0, cut))),
    );
    fc.assert(
      fc.property(noise, (before) => {
        try {
          const file = asFile(before);
          const after = editKubeconfig(file, edits);
          expect(withoutForge(parse(after))).toMatchObject(
            withoutForge(file.data as Record<string, unknown>),
          );
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^KUBECONFIG_(INVALID|UNFIT)$/) });
        }
      }),
      { numRuns: 250 },
    );
  });
});

function target() {
  return { path: '/k', exists: true, isFile: true, size: 0, writable: true, owner: undefined };
}
