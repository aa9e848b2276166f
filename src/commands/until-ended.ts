import type { Context } from '../context.ts';
import { ForgeError, interruption } from '../errors.ts';
import { durationText } from '../lib/duration-text.ts';
import { watchParent } from '../terminal/watch-parent.ts';

export interface UntilEnded {
  /** What is open, for people: `ports`. */
  readonly what: string;
  /** Says what is open: once its end is watched for, so that nobody who read it can go unnoticed. */
  readonly say: () => void;
  /** The longest that it stays open, milliseconds. */
  readonly maximumMs?: number | undefined;
  /** Rejects when there is nothing left to keep open. */
  readonly broken?: Promise<never> | undefined;
  /** Resolves when nobody needs it any more: that is an end as asked for. */
  readonly unused?: Promise<void> | undefined;
}

/**
 * Until Ctrl-C, which main reports, the longest duration, or what breaks it. In the foreground of a terminal also until
 * the shell that started it is gone: nobody sees what is open any more.
 */
export async function untilEnded(
  { host, output }: Pick<Context, 'host' | 'output'>,
  { what, say, maximumMs, broken, unused }: UntilEnded,
): Promise<void> {
  // What breaks while this gets ready is told below.
  broken?.catch(() => {});
  const { limitSession } = await import('../terminal/session-limit.ts');
  const { isForeground } = await import('../terminal/is-foreground.ts');
  const foreground = await isForeground(host);
  let stop = () => {};
  await new Promise<void>((resolve, reject) => {
    const parent = foreground ? watchParent(host, () => reject(interruption('SIGHUP'))) : undefined;
    stop = () => {
      parent?.[Symbol.dispose]();
      limit?.[Symbol.dispose]();
    };
    broken?.catch((error) => {
      // Ctrl-C in a terminal ends programs that carry it, too.
      if (host.signal.aborted) resolve();
      else reject(error);
    });
    const limit =
      maximumMs === undefined
        ? undefined
        : limitSession({
            host,
            maximumMs,
            warn: (left) => output.warn(`The ${what} close in ${durationText(left)}.`),
            end: () =>
              reject(
                new ForgeError('time-up', `The longest duration is over: the ${what} are closed.`, {
                  code: 'MAX_DURATION',
                }),
              ),
          });
    void unused?.then(resolve);
    say();
    if (host.signal.aborted) resolve();
    else host.signal.addEventListener('abort', () => resolve(), { once: true });
  }).finally(() => stop());
}
