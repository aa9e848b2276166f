import { join } from 'node:path';
import type { Host } from '../host.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { readOwnFile } from './read-own-file.ts';
import { replaceFile } from './replace-file.ts';

type MemoryHost = Pick<Host, 'directories' | 'now' | 'platform' | 'userId'>;

/** What a service said, kept for later commands because asking again costs more than the rest of a short command. */
export interface RememberedAnswers<Answer> {
  recall(host: MemoryHost, key: string): Promise<Answer | undefined>;
  /** Rejects when it can't be written: whoever asks goes on without. */
  remember(host: MemoryHost, key: string, answer: Answer): Promise<void>;
}

const lifetimeMs = 60 * 60_000;
/** Thousands of entries. */
const largest = 1024 * 1024;

/** `name`: the file's, in the cache folder. `isAnswer` decides what of it still makes sense. */
export function rememberedAnswers<Answer extends object>(
  name: string,
  isAnswer: (value: Partial<Record<keyof Answer, unknown>>) => boolean,
): RememberedAnswers<Answer> {
  type Kept = { readonly at: number; readonly answer: Answer };

  const isKept = (value: unknown): value is Kept => {
    if (typeof value !== 'object' || value === null) return false;
    const { at, answer } = value as { readonly at?: unknown; readonly answer?: unknown };
    return typeof at === 'number' && typeof answer === 'object' && answer !== null && isAnswer(answer);
  };

  /** Entries that still count; a file that can't be read, is not the person's own or makes no sense is an empty one. */
  const load = async (host: MemoryHost): Promise<Map<string, Kept>> => {
    const entries = new Map<string, Kept>();
    try {
      const text = await readOwnFile(host, join(host.directories.cache, name), largest);
      const parsed: unknown = JSON.parse(text ?? '{}');
      for (const [key, value] of Object.entries(parsed ?? {})) {
        const age = isKept(value) ? host.now() - value.at : -1;
        if (isKept(value) && age >= 0 && age < lifetimeMs) entries.set(key, value);
      }
    } catch {
      // Asking again mends it.
    }
    return entries;
  };

  return {
    recall: async (host, key) => (await load(host)).get(key)?.answer,
    async remember(host, key, answer) {
      const entries = await load(host);
      entries.set(key, { at: host.now(), answer });
      const { cache } = host.directories;
      await ensurePrivateDirectory(host, cache);
      await replaceFile(join(cache, name), JSON.stringify(Object.fromEntries(entries)), { mode: 0o600 });
    },
  };
}
