import { expect, it } from 'vitest';
import { limitDownload } from '../../../src/ssm/copy/limit-download.ts';

const mebibyte = 1024 * 1024;
const disk = (free: number, all: number) => async () => ({ bavail: free, blocks: all, bsize: mebibyte });
const roomy = disk(100_000, 200_000);

it('an instance is held to the size that it has stated; a log may grow meanwhile', async () => {
  const limit = limitDownload('/home', '/var/log/app.log', 10, roomy);
  await limit(10);
  await limit(10 + 64 * mebibyte);
  await expect(limit(11 + 64 * mebibyte)).rejects.toMatchObject({ code: 'COPY_TOO_LONG' });
});

it('a folder may have any size for which there is room', async () => {
  await limitDownload('/home', '/srv', undefined, roomy)(1e12);
});

it.each([
  ['511 MB of a large disk', disk(511, 200_000), 'DISK_FULL'],
  ['512 MB of a large disk', disk(512, 200_000), undefined],
  ['4 % of a small one', disk(4, 100), 'DISK_FULL'],
  ['6 % of a small one', disk(6, 100), undefined],
  ['a file system that does not say', disk(0, 0), undefined],
  ['a file system that can not be asked', () => Promise.reject(new Error('ENOSYS')), undefined],
])('room left: %s', async (_, freeOf, code) => {
  const refused = await limitDownload(
    '/home',
    '/srv',
    undefined,
    freeOf,
  )(17 * mebibyte).then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
  expect(refused).toBe(code);
});
