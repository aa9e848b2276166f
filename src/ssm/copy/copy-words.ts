import { ForgeError } from '../../errors.ts';

/** What `cp` was told, before anything is looked at: files here, or files on one instance. */
export interface CopyWords {
  readonly direction: 'upload' | 'download';
  /** As every command takes it: `dev/web-1`, `i-…`, `tag:Role=web`. */
  readonly instance: string;
  readonly sources: readonly string[];
  readonly destination: string;
}

type Place = { readonly instance: string | undefined; readonly path: string };

/**
 * scp's rule for which words lead to an instance: what has a colon before any slash. An environment may stand before
 * the instance (`dev/web-1:/tmp`); `./a:b` and `C:\x` are files here. Pure. Throws usage.
 */
export function parseCopyWords(
  words: readonly string[],
  environments: readonly string[],
  platform: NodeJS.Platform,
): CopyWords {
  const places = words.map((word) => parsePlace(word, environments, platform));
  const destination = places.at(-1);
  const sources = places.slice(0, -1);
  if (destination === undefined || sources.length === 0) {
    throw usage('Say what to copy, and where to.', 'e.g. forge ssm cp ./app.tar.gz dev/web-1:/tmp/');
  }
  const paths = sources.map(({ path }) => path);
  if (destination.instance !== undefined) {
    if (sources.some(({ instance }) => instance !== undefined)) {
      throw usage(
        "Can't copy from an instance to an instance.",
        'Copy to this machine first, and from here to the other one.',
      );
    }
    if (paths.includes('')) throw usage('An empty word is no file.', 'Leave it out.');
    return {
      direction: 'upload',
      instance: destination.instance,
      sources: paths,
      destination: destination.path,
    };
  }
  const [instance] = sources.map((source) => source.instance);
  if (instance === undefined || sources.some((source) => source.instance === undefined)) {
    const odd = words.find((word) => word.includes(':') && word.includes('/'));
    throw usage(
      'No word names a file on an instance, or only some of the sources do.',
      odd === undefined
        ? 'Such a word is <instance>:<path>, e.g. dev/web-1:/var/log/app.log'
        : `${JSON.stringify(odd)} is a file here: what stands before its first slash is no environment.`,
    );
  }
  if (sources.some((source) => source.instance !== instance)) {
    throw usage('The sources are on several instances.', 'Copy from one instance at a time.');
  }
  if (destination.path === '') throw usage('An empty word is no file.', 'For this folder say: .');
  return { direction: 'download', instance, sources: paths, destination: destination.path };
}

function parsePlace(word: string, environments: readonly string[], platform: NodeJS.Platform): Place {
  const here = { instance: undefined, path: word };
  if (/^[A-Za-z]:\\/.test(word) || (platform === 'win32' && /^[A-Za-z]:/.test(word))) return here;
  const slash = word.indexOf('/');
  const prefix = slash < 0 ? '' : word.slice(0, slash);
  const start = environments.includes(prefix) && word.indexOf(':') > slash ? slash + 1 : 0;
  const end = endOfInstance(word, start);
  if (end <= start || word.slice(start, end).includes('/')) return here;
  return { instance: word.slice(0, end).replace(/\[(.*)\]$/, '$1'), path: word.slice(end + 1) };
}

/** Where the colon after the instance stands; -1: nowhere. */
function endOfInstance(word: string, start: number): number {
  const rest = word.slice(start);
  // An IPv6 address has colons of its own.
  const bracket = /^\[[^\]]*\]:/.exec(rest);
  if (bracket !== null) return start + bracket[0].length - 1;
  const [own = ''] = /^(?:tag:[^=/]*=|asg:|ecs:)/.exec(rest) ?? [];
  return word.indexOf(':', start + own.length);
}

function usage(message: string, hint: string): ForgeError {
  return new ForgeError('usage', message, { code: 'USAGE', hint });
}
