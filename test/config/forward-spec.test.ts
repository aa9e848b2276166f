import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDistinct, parseForward, placeText } from '../../src/config/forward-spec.ts';
import { ForgeError } from '../../src/errors.ts';

const tcp = (port: number) => ({ kind: 'tcp', port }) as const;
const unix = (path: string) => ({ kind: 'unix', path }) as const;

describe('a forward', () => {
  it.each([
    ['5432', tcp(5432), undefined, 5432],
    ['9200:9100', tcp(9200), undefined, 9100],
    [':9100', tcp(0), undefined, 9100],
    ['0:9100', tcp(0), undefined, 9100],
    ['db.internal:5432', tcp(5432), 'db.internal', 5432],
    ['15432:db.internal:5432', tcp(15432), 'db.internal', 5432],
    [':db.internal:5432', tcp(0), 'db.internal', 5432],
    ['10.0.3.4:5432', tcp(5432), '10.0.3.4', 5432],
    ['8080:10.0.3.4:80', tcp(8080), '10.0.3.4', 80],
    ['[fd00::5]:5432', tcp(5432), 'fd00::5', 5432],
    ['15432:[::1]:5432', tcp(15432), '::1', 5432],
    [':[::1]:5432', tcp(0), '::1', 5432],
    ['8080:12:80', tcp(8080), '12', 80],
    ['unix:/run/me/db.sock:5432', unix('/run/me/db.sock'), undefined, 5432],
    ['unix:/run/me/db.sock:db.internal:5432', unix('/run/me/db.sock'), 'db.internal', 5432],
    ['unix:/run/me/db.sock:[::1]:5432', unix('/run/me/db.sock'), '::1', 5432],
    ['unix:C:\\me\\db.sock:5432', unix('C:\\me\\db.sock'), undefined, 5432],
    ['unix:db.sock:5432', unix('db.sock'), undefined, 5432],
  ])('%s', (text, local, host, port) => {
    expect(parseForward(text)).toEqual({ local, host, port });
  });

  it.each([
    '',
    ':',
    'db',
    'db:',
    '0',
    '65536',
    '70000:80',
    '123456:80',
    'a:b:80',
    '1:2:3:4',
    'fd00::5:5432',
    '[fd00::5:5432',
    '[nonsense]:80',
    '[fe80::1%eth0]:80',
    'unix::80',
    'host name:80',
    '-x:80',
    'db;rm:80',
    '80\n',
    'db\n:80',
    '8O80:80:80',
  ])('not %j', (text) => {
    expect(() => parseForward(text)).toThrow(ForgeError);
  });

  it('takes or refuses anything, and never crashes', () => {
    const piece = fc.constantFrom('unix:', '[', ']', ':', '::', '5', '80', 'db', '/', '\\', '.', '%', ' ');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            const { port } = parseForward(text);
            expect(port).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(ForgeError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('two at one place are refused, two at any free port are not', () => {
    expect(() => checkDistinct([parseForward('80'), parseForward('80:db:80')])).toThrow(/port 80/);
    expect(() => checkDistinct([parseForward(':80'), parseForward(':80')])).not.toThrow();
    expect(() => checkDistinct([parseForward('unix:/a:80'), parseForward('unix:/a:81')])).toThrow(/\/a/);
  });

  it('is shown as it was written', () => {
    expect(placeText('fd00::5', 80)).toBe('[fd00::5]:80');
    expect(placeText('db', 80)).toBe('db:80');
  });
});
