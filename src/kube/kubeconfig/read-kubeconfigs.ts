import { readFile } from 'node:fs/promises';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import {
  defaultKubeconfigPath,
  findKubeconfigTarget,
  type KubeconfigTarget,
  kubeconfigPaths,
} from './kubeconfig-paths.ts';
import { invalid, type Kubeconfig, largestKubeconfig, parseKubeconfig } from './parse-kubeconfig.ts';

export interface KubeconfigFile extends Kubeconfig {
  readonly target: KubeconfigTarget;
}

/** What kubectl would read, file by file in its order. */
export interface Kubeconfigs {
  readonly files: readonly KubeconfigFile[];
  /** The one that gets what is in none, and current-context. */
  readonly standard: KubeconfigFile;
}

/** Throws what parseKubeconfig throws; UNSAFE_FILE, FILE_FAILED, KUBECONFIG_INVALID. Missing files are empty ones. */
export async function readKubeconfigs(
  host: Pick<Host, 'env' | 'directories' | 'userId' | 'platform'>,
  known: ReadonlyMap<string, KubeconfigFile> = new Map(),
): Promise<Kubeconfigs> {
  const paths = kubeconfigPaths(host);
  const files: KubeconfigFile[] = [];
  for (const path of paths) {
    const target = await findKubeconfigTarget(host, path);
    const text = await readText(path, target);
    const same = known.get(path);
    // Reading 2 MB of YAML takes longer than all else.
    const parsed = same?.text === text ? same : parseKubeconfig(path, text);
    files.push({ ...parsed, target });
  }
  const standardPath = await defaultKubeconfigPath(paths);
  const standard = files.find(({ path }) => path === standardPath) ?? (files[0] as KubeconfigFile);
  return { files, standard };
}

async function readText(path: string, target: KubeconfigTarget): Promise<string> {
  if (!target.exists || target.path === '/dev/null') return '';
  const refuse = (what: string) =>
    new ForgeError('failed', `${path} ${what}.`, {
      code: 'KUBECONFIG_INVALID',
      hint: 'Name another file: KUBECONFIG=<file>',
    });
  if (!target.isFile) throw refuse('is not a file');
  if (target.size > largestKubeconfig) throw refuse('is larger than 16 MB: no kubeconfig');
  const bytes = await readFile(target.path).catch((error: unknown) => {
    throw fileFailure(error, 'read', path);
  });
  // The mark at the beginning is part of the text: what was read is what is written back.
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  try {
    return decoder.decode(bytes);
  } catch {
    const loose = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    throw invalid(path, loose, Math.max(0, loose.indexOf('\ufffd')), 'this is not UTF-8');
  }
}
