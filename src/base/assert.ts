/**
 * For bugs, never for input: what cannot happen while the code is right.
 *
 * A failed assertion is not an {@link ObjectsError}, so that nobody catches it by accident.
 *
 * @module
 */

/** Throws if `condition` does not hold. The message says what should have been true. */
export function assert(condition: boolean, shouldHold: string): asserts condition {
  if (!condition) throw new Error(`bug in varve: it should hold that ${shouldHold}`);
}
