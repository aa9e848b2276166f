import { basename } from 'node:path';
import { type CopyJob, inTheWay, lookAt, noFolder, type RemotePlace, refuseSeveral } from './copy-job.ts';
import { showProgress } from './copy-progress.ts';
import { fileSource } from './copy-source.ts';
import { keepFile, unpackFolder } from './finish.ts';
import type { LocalSource } from './local-source.ts';
import { planArchive } from './plan-archive.ts';
import { remoteJoin, withoutSlashes } from './remote-path.ts';
import { upload } from './upload.ts';
import { archiveSource } from './write-archive.ts';

/** Each source to the instance, one after the other. */
export async function uploadSources(job: CopyJob, sources: readonly LocalSource[]): Promise<void> {
  const { words } = job;
  const place = await lookAt(job.shell, words.destination);
  refuseSeveral(words, place.kind === 'folder');
  if (place.kind === 'nowhere') {
    throw noFolder(`There is no folder for ${words.destination} on the instance.`);
  }
  if (place.kind === 'other') throw inTheWay(words.destination, 'neither a file nor a folder');
  for (const source of sources) {
    if (source.kind === 'file') await uploadFile(job, place, source);
    else await uploadFolder(job, place, source);
  }
}

async function uploadFile(job: CopyJob, place: RemotePlace, source: LocalSource): Promise<void> {
  const { said, path, size, mode, mtime } = source;
  if (place.kind === 'absent' && place.path.endsWith('/')) {
    throw noFolder(`There is no folder ${place.path} on the instance.`);
  }
  const destination = finalPath(place, source);
  await job.begins(destination);
  using progress = showProgress(job, basename(path));
  const finish = keepFile(mode, mtime, job.preserve);
  const copied = await upload(job.shell, fileSource(path, size), destination, finish, progress);
  await job.done({ source: said, destination, ...copied, kind: 'file', warnings: [] }, destination);
}

async function uploadFolder(job: CopyJob, place: RemotePlace, source: LocalSource): Promise<void> {
  const { said, path } = source;
  if (place.kind !== 'folder' && place.kind !== 'absent') throw inTheWay(place.path, 'no folder');
  await job.shell.ask(['ok'], 'need', 'tar');
  const destination = finalPath(place, source);
  using progress = showProgress(job, basename(path));
  const { entries, warnings } = await planArchive(path, job.host.signal);
  await job.begins(destination);
  const finish = unpackFolder(job.preserve);
  const copied = await upload(job.shell, archiveSource(entries), destination, finish, progress);
  await job.done({ source: said, destination, ...copied, kind: 'folder', warnings }, destination);
}

function finalPath({ kind, path }: RemotePlace, { name }: LocalSource): string {
  return kind === 'folder' ? remoteJoin(path, name) : withoutSlashes(path);
}
