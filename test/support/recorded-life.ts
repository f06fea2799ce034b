/**
 * A short life of a store that uses everything once, with what the store held after each step.
 *
 * Recovery may cut the end off a journal, but only ever between two steps: whatever is found must
 * be one of the recorded states.
 *
 * @module
 */

import type { Engine } from '../../src/engine/engine.ts';
import { generatedBytes, generatedText } from './content.ts';
import { everythingIn, upload } from './test-engine.ts';

/** Two buckets, content of every size class, and every kind of change. */
export async function liveAShortLife(
  engine: Engine,
  afterStep: () => Promise<void> = async () => undefined,
): Promise<void> {
  const step = async <T>(action: Promise<T>): Promise<T> => {
    const result = await action;
    // So that what was let go is freed within the step, always at the same place.
    await engine.totals();
    await afterStep();
    return result;
  };
  await step(engine.ensureBucket('notes', { versioned: true }));
  await step(engine.ensureBucket('drafts', { public: true }));
  const [notes, drafts] = ['notes', 'drafts'].map((name) => engine.bucket(name));
  if (notes === undefined || drafts === undefined) throw new Error('the buckets were made');

  const first = await step(upload(engine, notes, 'a', 'one'));
  await step(upload(engine, notes, 'a', 'two'));
  await step(upload(engine, drafts, 'large', generatedText(1, 6000)));
  await step(upload(engine, drafts, 'empty', ''));
  await step(upload(engine, notes, 'b/ü\0', generatedBytes(2, 3000)));
  await step(engine.remove(notes, 'a'));
  await step(engine.purge(notes, 'a', first.lsn));
  await step(upload(engine, drafts, 'large', 'small now'));
  await step(engine.remove(drafts, 'empty'));
  const text = await step(upload(engine, notes, 'c', generatedText(3, 4000)));
  await step(engine.link({ bucket: drafts, name: 'copy', from: text }));
}

/** A state of a store as one string, so that states can be compared. */
export async function stateOf(engine: Engine): Promise<string> {
  return JSON.stringify([engine.buckets(), await everythingIn(engine)]);
}
