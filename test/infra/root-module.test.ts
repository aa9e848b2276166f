import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentIdentifier } from '../../src/infra/environment-identifier.ts';
import { hclString } from '../../src/infra/hcl-string.ts';
import { type RootModule, rootModule } from '../../src/infra/root-module.ts';

const sample: RootModule = {
  accessAccount: '999999999999',
  homeRegion: 'us-east-1',
  production: [
    { name: 'prod-wealth', account: '333333333333', region: 'us-east-1' },
    { name: 'prod-cash', account: '444444444444', region: 'us-east-1' },
  ],
};

const aliasesOf = (root: RootModule) =>
  [...rootModule(root)['providers.tf'].matchAll(/^ {2}alias {2}= "(.*)"$/gm)].map((match) => match[1]);
const modulesOf = (root: RootModule) =>
  [...rootModule(root)['main.tf'].matchAll(/^module "(.*)" \{$/gm)].map((match) => match[1]);

describe('the root module', () => {
  test('has one provider for each account where all is in one region, and four modules', () => {
    expect(aliasesOf(sample)).toEqual(['prod-cash', 'prod-wealth']);
    expect(modulesOf(sample)).toEqual([
      'access',
      'databases_prod-cash',
      'production_prod-cash',
      'sessions_prod-cash',
      'clusters_prod-cash',
      'databases_prod-wealth',
      'production_prod-wealth',
      'sessions_prod-wealth',
      'clusters_prod-wealth',
    ]);
  });

  test('gives access the boundaries of the production accounts, so that those come first', () => {
    expect(rootModule(sample)['main.tf']).toContain(`  boundaries = {
    "prod-cash"   = module.production_prod-cash.boundary
    "prod-wealth" = module.production_prod-wealth.boundary
  }`);
  });

  test('watches us-east-1 beside another home region, and works where the instances are', () => {
    const root = { ...sample, homeRegion: 'eu-central-1' };
    const abroad = { name: 'far', account: '555555555555', region: 'ap-southeast-2' };
    expect(aliasesOf({ ...root, production: [abroad] })).toEqual([
      'us_east_1',
      'far_own',
      'far_us_east_1',
      'far',
    ]);
    const main = rootModule({ ...root, production: [abroad] })['main.tf'];
    expect(main).toContain(`    aws           = aws.far\n    aws.us_east_1 = aws.far_us_east_1\n`);
    expect(main).toMatch(/module "sessions_far" \{\n.*\n {2}providers = \{ aws = aws\.far_own \}/);
    expect(main).toMatch(/module "databases_far" \{\n.*\n {2}providers = \{ aws = aws\.far_own \}/);
    // At home in us-east-1 that is the very same provider.
    expect(rootModule(sample)['main.tf']).toContain(
      `    aws           = aws.prod-cash\n    aws.us_east_1 = aws.prod-cash\n`,
    );
  });

  test('becomes the pipeline’s role of each account, and that of the access account unless it is it', () => {
    const providers = rootModule(sample)['providers.tf'];
    for (const account of ['333333333333', '444444444444', `\${assume_role.value}`]) {
      expect(providers).toContain(`"arn:aws:iam::${account}:role/\${var.pipeline_role}"`);
    }
    expect(providers).toContain('for_each = var.assume_pipeline_role ? [local.access_account] : []');
    expect(providers).toContain(
      'allowed_account_ids = var.assume_pipeline_role ? null : [local.access_account]',
    );
  });

  test('is the same bytes whatever the order of the environments', () => {
    expect(rootModule({ ...sample, production: sample.production.toReversed() })).toEqual(rootModule(sample));
  });

  test('a new environment moves no other: Terraform would make all of it anew', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 12 }), (names) => {
        const production = names.map((one) => ({ name: one, account: '333333333333', region: 'eu-west-1' }));
        const before = modulesOf({ ...sample, production: production.slice(1) });
        const after = modulesOf({ ...sample, production });
        expect(new Set(after).size).toBe(1 + 4 * names.length);
        expect(after).toEqual(expect.arrayContaining(before));
        const aliases = aliasesOf({ ...sample, homeRegion: 'eu-central-1', production });
        expect(new Set(aliases).size).toBe(1 + 3 * names.length);
      }),
    );
  });
});

const infra = join(import.meta.dirname, '..', '..', 'infra');
const textOf = (folder: string) =>
  readdirSync(join(infra, folder))
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFileSync(join(infra, folder, name), 'utf8'))
    .join('\n');
const variablesOf = (folder: string) =>
  [...textOf(folder).matchAll(/^variable "(.*)" \{$/gm)].map((match) => match[1]);

describe('what modules can be told', () => {
  const { 'main.tf': main, 'providers.tf': providers } = rootModule(sample);

  test.each([
    ['access-account', 'access'],
    ['production-account', 'production_prod-cash'],
    ['cluster-access', 'clusters_prod-cash'],
    ['tagged-databases', 'databases_prod-cash'],
  ])('the root tells %s all of it', (folder, module) => {
    const block = main.slice(main.indexOf(`module "${module}" {`)).split('\n}\n')[0] ?? '';
    const told = [...block.matchAll(/^ {2}(\w+) +=/gm)].map((match) => match[1]);
    expect(told).toEqual(expect.arrayContaining(variablesOf(`modules/${folder}`)));
  });

  test('no variable of the root is without effect', () => {
    const used = `${main}${providers}${textOf('root')}`;
    const unused = variablesOf('root').filter((name) => !new RegExp(`var\\.${name}\\b`).test(used));
    expect(unused).toEqual([]);
  });
});

describe('an environment’s identifier', () => {
  test('is its name where that is one, and carries a hash where it is not', () => {
    expect(environmentIdentifier('prod-9squid')).toBe('prod-9squid');
    expect(environmentIdentifier('9squid')).toMatch(/^e9squid_[0-9a-f]{12}$/);
    expect(environmentIdentifier('-')).toMatch(/^e-_[0-9a-f]{12}$/);
    expect(environmentIdentifier('prod.wealth')).toMatch(/^prod-wealth_[0-9a-f]{12}$/);
    expect(environmentIdentifier('prod_wealth')).not.toBe(environmentIdentifier('prod.wealth'));
  });

  test('is an identifier, and no other name’s, whatever the names', () => {
    const name = fc.string({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(name, name, (one, other) => {
        expect(environmentIdentifier(one)).toMatch(/^[A-Za-z][A-Za-z0-9_-]*$/);
        if (one !== other) expect(environmentIdentifier(one)).not.toBe(environmentIdentifier(other));
      }),
    );
  });
});

describe('a string of Terraform’s language', () => {
  test('begins no template and ends nowhere else', () => {
    expect(hclString('prod-wealth')).toBe('"prod-wealth"');
    expect(hclString('a"b\\c\n\b\f')).toBe('"a\\"b\\\\c\\n\\u0008\\u000c"');
    expect(hclString(`\${file("/etc/passwd")} %{ if true } $\${x}`)).toBe(
      '"\\u0024{file(\\"/etc/passwd\\")} \\u0025{ if true } $\\u0024{x}"',
    );
  });

  test('is read as it was meant, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const quoted = hclString(text);
        expect(quoted).not.toMatch(/[$%]\{/);
        expect(quoted).toMatch(/^"(?:[^"\\\n\r]|\\(?:["\\nrt]|u[0-9a-f]{4}))*"$/);
        // What is left is JSON as well, whose escapes mean the same.
        expect(JSON.parse(quoted)).toBe(text);
      }),
    );
  });
});
