import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../scripts/config-json-schema.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { hostWith } from '../support/config-host.ts';

describe('forge.yaml is data only', () => {
  it('no key of it names a command, a program, a secret or another file but extends and ca', () => {
    const keys = [...configJsonSchema().matchAll(/^\s*"([a-z_]+)": \{$/gm)].map((match) => match[1] ?? '');
    const allowed = new Set(['start_url']);
    const suspicious =
      /(^|_)(command|exec|script|shell|program|process|hook|plugin|secret|password|token|key|path|file|url|proxy|env)s?($|_)/;
    expect(keys).toContain('start_url');
    expect(keys.filter((key) => suspicious.test(key) && !allowed.has(key))).toEqual([]);
  });

  it('reading it takes nothing from the environment but FORGE_CONFIG, starts nothing, and expands nothing', async () => {
    const texts = [
      '$AWS_SECRET_ACCESS_KEY',
      `$\{AWS_SECRET_ACCESS_KEY}`,
      '$(id)',
      '`id`',
      '{{ env.X }}',
      '~/.aws/credentials',
      'file:///etc/passwd',
      '@/etc/passwd',
      '%PATH%',
    ];
    const host = hostWith({
      'forge.yaml': `environments:\n  dev:\n    account: "111111111111"\n    region: us-east-1\n    databases:\n${texts.map((text, index) => `      d${index}: { cluster: c, database: ${JSON.stringify(text)}, user: u, description: ${JSON.stringify(text)} }\n`).join('')}`,
    });
    const asked: string[] = [];
    const env = new Proxy(
      { ...host.env, AWS_SECRET_ACCESS_KEY: 'canary-canary-canary' } as Record<string, string>,
      {
        get: (target, name: string) => {
          asked.push(name);
          return target[name];
        },
        ownKeys: () => {
          throw new Error('the whole environment was read');
        },
      },
    );
    const spawn = () => {
      throw new Error('a program was started');
    };
    const config = await loadConfig({ ...host, env, spawn } as typeof host, undefined);
    const databases = [...(config.environments.get('dev')?.databases.values() ?? [])];
    expect(databases.map(({ database }) => database)).toEqual(texts);
    expect(databases.map(({ description }) => description)).toEqual(texts);
    expect([...new Set(asked)]).toEqual(['FORGE_CONFIG']);
  });

  it('the code that reads it knows no sockets, children or workers', () => {
    const folder = join(import.meta.dirname, '..', '..', 'src', 'config');
    for (const file of readdirSync(folder)) {
      const imports = [
        ...readFileSync(join(folder, file), 'utf8').matchAll(/from '([^']+)'|import\('([^']+)'\)/g),
      ];
      for (const [, named, late] of imports) {
        const name = named ?? late ?? '';
        if (name.startsWith('.')) expect(name, file).toMatch(/^\.\/|^\.\.\/(files|lib|errors|host|version)/);
        else expect(['node:fs', 'node:fs/promises', 'node:path', 'valibot', 'yaml'], file).toContain(name);
      }
    }
  });
});
