import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breakGlassDrawing } from '../scripts/architecture/break-glass-drawing.ts';
import { renderSvg } from '../scripts/architecture/drawing.ts';
import { withTables } from '../scripts/architecture/who-can.ts';

const docs = join(import.meta.dirname, '..', 'docs');
const page = readFileSync(join(docs, 'architecture.md'), 'utf8');
const picture = readFileSync(join(docs, 'architecture.svg'), 'utf8');
const anew = 'npm run architecture writes it anew';

describe('docs/architecture.md', () => {
  it('says what the policies say that are deployed', () => {
    expect(withTables(page), anew).toBe(page);
  });

  it('says yes where it must, and nowhere that would be the end of it all', () => {
    const rows = new Map(
      [...page.matchAll(/^\| ([^|]+) \| (.*) \|$/gm)].map(([, says = '', cells = '']) => [
        says,
        cells.split(' | '),
      ]),
    );
    const whole = page.split('### Tier 0')[0] ?? '';
    for (const says of [
      'let themselves in',
      'write over a record',
      'delete a record, or shorten its lock',
      'change what the functions judge by',
    ]) {
      const found = whole.split('\n').filter((line) => line.startsWith(`| ${says} |`));
      expect(found).toHaveLength(2);
      expect(found.join(''), says).not.toContain('yes');
    }
    expect(rows.get('become any other role')).toEqual(['–']);
    const people = (page.split('<!-- end -->')[0] ?? '').split('\n');
    const holders = (says: string) =>
      (people.find((line) => line.startsWith(`| ${says} |`)) ?? '')
        .split('|')
        .map((cell) => cell.includes('yes'));
    expect(holders('let somebody else into tier 1').slice(2, -1)).toEqual([
      false,
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(holders('ask in their own name').filter(Boolean)).toHaveLength(1);
  });
});

describe('docs/architecture.svg', () => {
  it('is what its source makes', () => {
    expect(renderSvg(breakGlassDrawing), anew).toBe(picture);
  });

  it('is well-formed, and has words for who can’t see it', () => {
    const open: string[] = [];
    for (const [, close, name = '', rest = ''] of picture.matchAll(
      /<(\/?)([a-zA-Z]+)((?:"[^"]*"|[^>"])*)>/g,
    )) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (!rest.endsWith('/')) open.push(name);
    }
    expect(open).toEqual([]);
    expect(picture.replace(/<(?:"[^"]*"|[^>"])*>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
    expect(picture).toMatch(
      /^<svg [^>]*role="img" aria-labelledby="title description">\n<title id="title">.{20,}<\/title>\n<desc id="description">.{200,}<\/desc>/,
    );
    expect(picture).toContain('prefers-color-scheme:dark');
    expect(picture).not.toMatch(/href|<script|url\(h|@import/);
  });

  it('no box leaves the picture or lies on another, and no word leaves its box', () => {
    const { boxes, width, height } = breakGlassDrawing;
    const solid = boxes.filter(({ kind }) => kind !== 'frame');
    for (const box of boxes) {
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
      // As wide as 12 pixels of the widest fonts that the style names are on average.
      for (const line of box.lines) expect(line.length * 6.4, line).toBeLessThanOrEqual(box.width - 12);
      expect(box.lines.length * 16 + 28, box.title).toBeLessThanOrEqual(box.height);
    }
    for (const [index, one] of solid.entries()) {
      for (const other of solid.slice(index + 1)) {
        const apart =
          one.x + one.width <= other.x ||
          other.x + other.width <= one.x ||
          one.y + one.height <= other.y ||
          other.y + other.height <= one.y;
        expect(apart, `${one.title} and ${other.title}`).toBe(true);
      }
    }
  });
});
