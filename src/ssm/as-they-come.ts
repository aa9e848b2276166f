/**
 * The results of tasks in the order in which they finish, at most `limit` of them running. The first failure ends
 * it; a reader that leaves early lets the running ones end unheard.
 */
export async function* asTheyCome<Value>(
  tasks: readonly (() => Promise<Value>)[],
  limit: number,
): AsyncGenerator<Value, void, undefined> {
  const running = new Map<number, Promise<{ readonly index: number; readonly value: Value }>>();
  let next = 0;
  const start = () => {
    const index = next++;
    const task = tasks[index];
    if (task === undefined) return;
    const result = task().then((value) => ({ index, value }));
    // Heard of by the race below; after an early end by nobody.
    result.catch(() => {});
    running.set(index, result);
  };
  while (next < Math.min(limit, tasks.length)) start();
  while (running.size > 0) {
    const { index, value } = await Promise.race(running.values());
    running.delete(index);
    start();
    yield value;
  }
}
