import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { breakGlassDrawing } from './architecture/break-glass-drawing.ts';
import { renderSvg } from './architecture/drawing.ts';
import { withTables } from './architecture/who-can.ts';

/** Makes docs/architecture.svg, and the tables of docs/architecture.md out of the policies that are deployed. */
const docs = join(process.cwd(), 'docs');
const page = join(docs, 'architecture.md');
writeFileSync(join(docs, 'architecture.svg'), renderSvg(breakGlassDrawing));
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
