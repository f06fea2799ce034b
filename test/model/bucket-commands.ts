/**
 * What may happen to a bucket, as commands on the real one and on the model at once.
 *
 * Names are few, so that commands meet each other; contents are made of a few shared pieces, so
 * that versions have chunks in common, and some of them are trees and some a few bytes.
 *
 * @module
 */

import fc from 'fast-check';
import { expect } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import type { Bucket, Store } from '../../src/index.ts';
import { collect, namesOf } from '../contract/bucket/target.ts';
import type { BucketModel } from '../support/bucket-model.ts';
import { generatedBytes, generatedText } from '../support/content.ts';
import { gzipMember } from '../support/gzip.ts';

/** The real side. */
export interface RealBucket {
  bucket: Bucket;
  store: Store;
  readonly versioned: boolean;
  /** Closes the store and opens it again. */
  reopen(): Promise<void>;
}

type Command = fc.AsyncCommand<BucketModel, RealBucket>;

const pieces = [
  generatedBytes(1, 70_000),
  generatedBytes(2, 5),
  generatedText(3, 90_000),
  new Uint8Array(300_000),
  generatedBytes(4, 1000),
  gzipMember(generatedText(3, 90_000)),
];

const name = fc.constantFrom('a', 'a/b', 'a/c', 'b', 'é', '\u{10000}');
const pick = fc.nat(7);
const content = fc
  .array(fc.constantFrom(...pieces), { maxLength: 4 })
  .map((parts) => concatBytes(parts));

/** Every command, in any order. */
export const anyCommands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    fc.tuple(name, content).map(([to, bytes]) => upload(to, bytes)),
    fc.tuple(name, content).map(([to, bytes]) => upload(to, bytes)),
    fc.tuple(name, content).map(([to, bytes]) => uploadIfMissing(to, bytes)),
    name.map((of) => remove(of)),
    fc.tuple(name, pick).map(([of, index]) => purge(of, index)),
    fc.tuple(name, pick).map(([of, index]) => restore(of, index)),
    fc.tuple(name, name).map(([from, to]) => copy(from, to)),
    fc.tuple(name, fc.nat(500_000), fc.nat(500_000)).map(([of, a, b]) => readRange(of, a, b)),
    name.map((of) => compareHistory(of)),
    pick.map((index) => compareView(index)),
    fc.constant(compareAll()),
    fc.constant(reopen()),
    fc.constant(optimize()),
  ],
  { maxCommands: 60, size: 'max' },
);

function command(
  text: string,
  run: (model: BucketModel, real: RealBucket) => Promise<void>,
): Command {
  return { check: () => true, run, toString: () => text };
}

function upload(to: string, bytes: Uint8Array): Command {
  return command(`upload ${to} ${bytes.length}`, async (model, { bucket }) => {
    const { version, size } = await bucket.upload(to, bytes);
    expect(size).toBe(bytes.length);
    model.put(to, bytes, version);
  });
}

function uploadIfMissing(to: string, bytes: Uint8Array): Command {
  return command(`upload ${to} ${bytes.length} if missing`, async (model, { bucket }) => {
    const options = { preconditions: { notExists: true } };
    if (model.current(to) === undefined) {
      model.put(to, bytes, (await bucket.upload(to, bytes, options)).version);
    } else {
      const refused = bucket.upload(to, bytes, options);
      await expect(refused).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    }
  });
}

function remove(of: string): Command {
  return command(`remove ${of}`, async (model, { bucket }) => {
    const removing = bucket.remove(of);
    if (model.remove(of)) await removing;
    else await expect(removing).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}

/** Removes one version for good: a delete marker too, whose id only the history tells. */
function purge(of: string, index: number): Command {
  return command(`purge ${of} ${index}`, async (model, { bucket, versioned }) => {
    const history = model.history(of);
    const version = history[index % history.length];
    if (!versioned || version === undefined) return;
    const listed = await collect(bucket.versions({ name: of }));
    const { version: id } = listed[index % history.length] ?? {};
    expect(version.id ?? id).toBe(id);
    await bucket.remove(of, { version: id });
    model.purge(of, version);
    expect(await bucket.exists(of, { version: id })).toBe(false);
  });
}

function restore(of: string, index: number): Command {
  return command(`restore ${of} ${index}`, async (model, { bucket }) => {
    const history = model.history(of);
    const version = history[index % history.length];
    if (version?.id === undefined || version.content === undefined) return;
    model.put(of, version.content, (await bucket.restore(of, version.id)).version);
  });
}

function copy(from: string, to: string): Command {
  return command(`copy ${from} ${to}`, async (model, { bucket }) => {
    const bytes = model.current(from);
    const copying = bucket.copy(from, to);
    if (bytes === undefined) await expect(copying).rejects.toMatchObject({ code: 'NOT_FOUND' });
    else model.put(to, bytes, (await copying).version);
  });
}

function readRange(of: string, a: number, b: number): Command {
  return command(`read ${of} ${a} ${b}`, async (model, { bucket }) => {
    const bytes = model.current(of);
    if (bytes === undefined) return;
    const [start = 0, end = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort(
      (x, y) => x - y,
    );
    expectSame(await bucket.download(of, { range: { start, end } }), bytes.subarray(start, end));
  });
}

function compareHistory(of: string): Command {
  return command(`compare the history of ${of}`, async (model, { bucket }) => {
    const listed = await collect(bucket.versions({ name: of }));
    const known = model.history(of);
    expect(
      listed.map(({ size, deleteMarker, isLatest }) => ({ size, deleteMarker, isLatest })),
    ).toEqual(
      known.map((version, index) => ({
        size: version.content?.length ?? 0,
        deleteMarker: version.content === undefined,
        isLatest: index === 0,
      })),
    );
    for (const { id, content: bytes } of known) {
      if (id === undefined || bytes === undefined) continue;
      expectSame(await bucket.download(of, { version: id }), bytes);
    }
  });
}

/** The bucket as it was just after some version is what the model says it was. */
function compareView(index: number): Command {
  return command(`compare the view ${index}`, async (model, { bucket }) => {
    const identified = model.identified();
    const version = identified[index % identified.length];
    if (version?.id === undefined) return;
    const view = bucket.at(version.id);
    const names = model.list(version.order);
    expect(await namesOf(view.list())).toEqual(names);
    expect(await namesOf(view.list({ reverse: true }))).toEqual([...names].reverse());
    const [first] = names;
    if (first === undefined) return;
    expectSame(await view.download(first), model.current(first, version.order) as Uint8Array);
  });
}

/** Everything that can be asked, asked. */
export function compareAll(): Command {
  return command('compare all', async (model, { bucket, store }) => {
    const names = model.list();
    expect(await namesOf(bucket.list())).toEqual(names);
    for (const each of names) {
      expectSame(await bucket.download(each), model.current(each) as Uint8Array);
    }
    const all = (await namesOf(bucket.versions())).filter((n, i, list) => n !== list[i - 1]);
    expect(all).toEqual(model.namesWithHistory());
    const { entries, prefixes } = await bucket.listPage({ delimiter: '/' });
    expect(entries.map((entry) => entry.name)).toEqual(names.filter((n) => !n.includes('/')));
    expect(prefixes).toEqual(names.some((n) => n.startsWith('a/')) ? ['a/'] : []);
    expect(await store.stats()).toMatchObject(model.totals());
  });
}

function optimize(): Command {
  return command('optimize', async (_, { store }) => {
    await store.compact({ optimize: true });
  });
}

function reopen(): Command {
  return command('reopen', async (_, real) => {
    await real.reopen();
  });
}

function expectSame(got: Uint8Array, wanted: Uint8Array): void {
  expect([got.length, Buffer.compare(got, wanted)]).toEqual([wanted.length, 0]);
}
