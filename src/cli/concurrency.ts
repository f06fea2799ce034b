/**
 * Many things at once, but never more than so many.
 *
 * @module
 */

/**
 * Runs `work` on every item, at most `limit` at a time, and takes the next item only when there is
 * room for it. After a failure no item is taken; the work under way is waited for, then the first
 * failure is thrown.
 */
export async function forEachConcurrently<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const takeItems = async (): Promise<void> => {
    try {
      while (!failed) {
        const next = await iterator.next();
        if (next.done === true) return;
        await work(next.value);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: limit }, takeItems));
  await iterator.return?.();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
