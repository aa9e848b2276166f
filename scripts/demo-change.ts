import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person, Stage } from './demo-break-glass.ts';

const ids = [2901, 2902, 2903];
const change = `-- INC-125: the payment provider has confirmed these
update orders set status = 'paid' where id in (${ids.join(', ')}) and status = 'placed';
select id, status from orders where id in (${ids.join(', ')}) order by id;
`;

/** A change to data under four eyes: Dana asks, Mia reads, Dana runs exactly that, once; Casey sees the rows before and after. */
export async function playChange(
  { say, scene, forge, enter }: Stage,
  dana: Person,
  casey: Person,
  folder: string,
): Promise<void> {
  const mia = await enter('mia');
  const file = join(folder, 'fix.sql');
  writeFileSync(file, change);
  const look = [
    'db',
    'query',
    'prod-wealth',
    `select id, status from orders where id in (${ids.join(', ')})`,
  ];

  scene('Four eyes for a change to data: Dana asks, with the SQL');
  await forge(look, casey.env);
  const why = ['--ticket', 'INC-125', '--reason', 'orders stuck in payment', '--expect-rows', '3'];
  const asked = await forge(['db', 'request', 'prod-wealth', file, ...why], dana.env, { expected: 8 });
  const id = asked.trim();
  await forge(['db', 'approve', id, '--yes'], dana.env, { expected: 5 });
  scene('Mia reads it, all of it');
  await forge(['db', 'approve', id, '--yes', '--note', 'compared with INC-125'], mia.env);
  scene('Dana runs it: what was approved, once');
  await forge(['db', 'run', id, '--dry-run'], dana.env);
  writeFileSync(file, change.replace('in (', 'not in ('));
  await forge(['db', 'run', id, file], dana.env, { expected: 5 });
  say('(That was another text than the one that Mia has read.)');
  await forge(['db', 'run', id], dana.env);
  await forge(['db', 'run', id], dana.env, { expected: 5 });
  await forge(look, casey.env);
}
