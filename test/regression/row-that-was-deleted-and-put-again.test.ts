/**
 * LevelDB may answer a `get` with what a key had before it was deleted and put again. A name that
 * was removed and uploaded again was then NOT_FOUND, or got a second current version, and a chunk
 * that had been freed was taken for one that is there: the upload that shared it was acknowledged
 * and could never be read. Nothing noticed. In 26 of 300 lives with one such answer in 40 something
 * was wrong; keys that were deleted lately are now read by an iterator, which merges all levels.
 */

import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { noMisbehaviour, type Misbehaviour } from '../simulation/database.ts';
import { DirectoryNode } from '../simulation/disk.ts';
import { Machine } from '../simulation/machine.ts';
import { generatedBytes } from '../support/content.ts';
import { complaintsAbout, contentOf, upload } from '../support/test-engine.ts';

/** Any key of a family is answered with the oldest state, or with none if it ever had none. */
const stale = (family: RegExp): Misbehaviour => ({
  ...noMisbehaviour,
  stale: (key, count) => (family.test(key) && count > 0 ? count - 1 : undefined),
});

const content = generatedBytes(1, 3000);

/** Uploads, removes, and waits until all of that is in LevelDB. */
async function uploadAndRemove(misbehaviour: Misbehaviour): Promise<{
  engine: Engine;
  bucket: BucketRecord;
  reopened: () => Promise<Engine>;
}> {
  const root = new DirectoryNode();
  const open = (how: Misbehaviour): Promise<Engine> =>
    new Machine({ root, seed: 1, misbehaviour: how }).open({ Engine });
  const engine = await open(misbehaviour);
  const bucket = await engine.ensureBucket('drafts', {});
  await upload(engine, bucket, 'a', content);
  await engine.compact({});
  await engine.remove(bucket, 'a');
  await engine.compact({});
  const reopened = async (): Promise<Engine> => {
    await engine.close();
    return open(noMisbehaviour);
  };
  return { engine, bucket, reopened };
}

describe('a row that was deleted and put again', () => {
  test('leads to a name that was removed and uploaded again', async () => {
    const { engine, bucket, reopened } = await uploadAndRemove(stale(/^p/));
    await upload(engine, bucket, 'a', 'again');
    await engine.compact({});
    expect((await engine.versions.current(bucket.id, 'a'))?.sizeBytes).toBe(5);
    await upload(engine, bucket, 'a', 'and again');
    const after = await reopened();
    expect(await after.versions.versions(bucket.id, {}, 10)).toHaveLength(1);
    expect(await complaintsAbout(after)).toEqual([]);
    await after.close();
  });

  test('is not taken for a chunk that is there', async () => {
    const { engine, bucket, reopened } = await uploadAndRemove(stale(/^c[^]*l$/));
    await upload(engine, bucket, 'b', content);
    const version = await engine.versions.current(bucket.id, 'b');
    if (version === undefined) throw new Error('b is gone');
    expect(await contentOf(engine, version)).toEqual(content);
    const after = await reopened();
    expect(await contentOf(after, version)).toEqual(content);
    expect(await complaintsAbout(after)).toEqual([]);
    await after.close();
  });
});
