/**
 * Doing many things with some of them at a time.
 *
 * @module
 */

/** Calls `action` for 0 up to `count`, at most `lanes` at a time. The first failure ends it. */
export async function inLanes(
  lanes: number,
  count: number,
  action: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      try {
        await action(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // No lane may be left running: what it uses is closed next.
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const failure = ended.find((each) => each.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
