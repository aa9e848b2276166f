import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, type TemplateNames } from '../../src/lib/fill-template.ts';

const given: TemplateNames = { one: 'a', more: ['x', 'y'], none: [], bad: 'a"b', line: 'a\nb' };
const fill = (template: unknown) => fillTemplate(template, given);

describe('a template', () => {
  it.each<[unknown, unknown]>([
    [`\${one}`, 'a'],
    [`arn:\${one}:\${one}/*`, 'arn:a:a/*'],
    [`$\${one}`, `\${one}`],
    [Object.fromEntries([[`tag/\${one}`, `\${one}`]]), { 'tag/a': 'a' }],
    [`\${one}/$\${identitystore:UserId}/*`, `a/\${identitystore:UserId}/*`],
    [`$\${`, `\${`],
    ['$one {x} % $', '$one {x} % $'],
    [
      [`\${more}`, 'z'],
      ['x', 'y', 'z'],
    ],
    [[`\${one}`], ['a']],
    [
      { a: { b: [`\${more}`] }, c: 1, d: null, e: true },
      { a: { b: ['x', 'y'] }, c: 1, d: null, e: true },
    ],
    [[[`\${more}`]], [['x', 'y']]],
  ])('%j is %j', (template, filled) => {
    expect(fill(template)).toEqual(filled);
  });

  it.each<[unknown]>([
    [`\${two}`],
    [[`\${two}`]],
    [`\${more}`],
    [`a\${more}`],
    [[`a\${more}`]],
    [[`\${none}`]],
    [`\${ one }`],
    [`\${upper(one)}`],
    [`\${one`],
    [`$$\${one}`],
    ['%{ if one }'],
    ['%%{x}'],
    [`\${bad}`],
    [`\${line}`],
    [Object.fromEntries([[`\${more}`, 1]])],
    [`\${constructor}`],
    [`\${__proto__}`],
  ])('%j is refused', (template) => {
    expect(() => fill(template)).toThrow();
  });

  it('is filled as Terraform fills its text', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'B', '1', ':', '/', '*', '-', ' ', '$', '{', '}'),
      maxLength: 8,
    });
    const value = word.filter((text) => !/\$\{|\$$/.test(text));
    const part = fc.oneof(
      word.filter((text) => !/\$|%/.test(text)),
      fc.constantFrom(`\${one}`, `\${other}`, `$\${aws:userid}`),
    );
    const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''));
    const template = fc.letrec((tie) => ({
      any: fc.oneof({ depthSize: 'small' }, text, fc.integer(), fc.boolean(), tie('array'), tie('object')),
      array: fc.array(fc.oneof(tie('any'), fc.constant(`\${more}`))),
      object: fc.dictionary(
        word.filter((key) => !/\$|%/.test(key) && key !== '__proto__'),
        tie('any'),
      ),
    })).any;
    fc.assert(
      fc.property(
        template,
        value,
        value,
        fc.array(value, { minLength: 1, maxLength: 3 }),
        (json, one, other, more) => {
          const names: Readonly<Record<string, string>> = { one, other, more: more.join('","') };
          const asText = JSON.stringify(json).replace(/\$(\$?)\{([^}]*)\}/g, (_, escaped, name) =>
            escaped ? `\${${name}}` : (names[name] ?? ''),
          );
          expect(fillTemplate(json, { one, other, more })).toEqual(JSON.parse(asText));
        },
      ),
    );
  });
});
