/**
 * A delta needs its bases: what is damaged in one hits the other, is named, and heals.
 */

import { describe, expect, test } from 'vitest';
import { ChunkReader } from '../../src/engine/chunk-reader.ts';
import { encodeDelta } from '../../src/engine/chunk/delta.ts';
import { Engine } from '../../src/engine/engine.ts';
import { locationChange } from '../../src/engine/index/chunk-index.ts';
import { Database } from '../../src/engine/index/database.ts';
import { IndexStore } from '../../src/engine/index/index-store.ts';
import { KnownDamage } from '../../src/engine/known-damage.ts';
import { decodeChunkExtension } from '../../src/engine/log/frame.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { firstPosition, walkFrames } from '../../src/engine/log/walk.ts';
import type { BucketRecord, ChunkId, ObjectVersion } from '../../src/engine/model.ts';
import { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import { editedText } from '../support/content.ts';
import { fileSystemWith, readFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openFrom,
  smallChunking,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const { crc32, sha256 } = nativeHashing;
const storeId = new Uint8Array(16).fill(7);
const first = editedText(5, 1500, 0);
const second = editedText(5, 1500, 1);

interface Stored {
  readonly disk: MemoryFileSystem;
  readonly engine: Engine;
  readonly bucket: BucketRecord;
  readonly versions: readonly [ObjectVersion, ObjectVersion];
}

/** Two versions, of which the second has deltas of chunks of the first. */
async function stored(): Promise<Stored> {
  const disk = new MemoryFileSystem();
  const engine = await Engine.open({
    platform: testPlatform({ fileSystem: disk }),
    directory: storeFolder,
    createIfMissing: true,
    chunking: smallChunking,
    // All chunks lie in a segment: damage in the journal is another matter.
    inlineBytesMax: 0,
  });
  const bucket = await engine.ensureBucket('kept', { versioned: true });
  const versions = [
    await upload(engine, bucket, 'text', first),
    await upload(engine, bucket, 'text', second),
  ] as const;
  await engine.sync();
  return { disk, engine, bucket, versions };
}

/** Puts zeros into the payload of the first delta, or of its base. */
async function damage({ disk }: Stored, what: 'delta' | 'base'): Promise<void> {
  const varve = await disk.open(`${storeFolder}/VARVE`, 'read');
  const id = new Uint8Array(16);
  await varve.read(id, 28);
  const files = await LogFiles.open(disk, crc32, storeFolder, id);
  const places = new Map<string, number>();
  let wanted: string | undefined;
  const [fileId = 0] = files.ids('segment');
  await files.with(fileId, async (opened) => {
    for await (const frame of walkFrames(crc32, opened, firstPosition(opened))) {
      if (frame.header.type !== 'chunk') continue;
      const stored = decodeChunkExtension(frame.header, frame.extension);
      const key = Buffer.from(stored.id.digest).toString('hex');
      places.set(key, frame.offset + 16 + frame.header.extensionBytes);
      const [base] = stored.bases;
      if (base === undefined) continue;
      wanted ??= what === 'delta' ? key : Buffer.from(base.digest).toString('hex');
    }
  });
  const file = await disk.open(files.path(fileId), 'update');
  await file.write([new Uint8Array(4)], (places.get(wanted as string) as number) + 3);
  await file.close();
  await files.close();
}

/** As it is, and as it comes out of the log alone. */
async function expectWhole({ engine, disk, versions }: Stored): Promise<void> {
  const files = await readFiles(disk, storeFolder);
  const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
  for (const each of [engine, rebuilt]) {
    expect(await complaintsAbout(each)).toEqual([]);
    expect(Buffer.compare(await contentOf(each, versions[0]), first)).toBe(0);
    expect(Buffer.compare(await contentOf(each, versions[1]), second)).toBe(0);
  }
  await rebuilt.close();
}

describe('a damaged base', () => {
  test('is the damage of every version that needs it', async () => {
    const store = await stored();
    await damage(store, 'base');
    const { damaged } = await store.engine.verify({});
    const damagedLsns = damaged.map(({ lsn }) => lsn).sort((a, b) => a - b);
    expect(damagedLsns).toEqual(store.versions.map(({ lsn }) => lsn));
    await expect(contentOf(store.engine, store.versions[1])).rejects.toMatchObject({
      code: 'CORRUPT',
    });
    await store.engine.close();
  });

  test('heals with all that needs it when its content comes again', async () => {
    const store = await stored();
    await damage(store, 'base');
    await store.engine.verify({});
    await upload(store.engine, store.bucket, 'again', first);
    await expectWhole(store);
    await store.engine.close();
  });
});

describe('a damaged delta', () => {
  test('leaves its base whole', async () => {
    const store = await stored();
    await damage(store, 'delta');
    const { damaged } = await store.engine.verify({});
    expect(damaged.map(({ lsn }) => lsn)).toEqual([store.versions[1].lsn]);
    expect(Buffer.compare(await contentOf(store.engine, store.versions[0]), first)).toBe(0);
    await store.engine.close();
  });

  test('heals when its content comes again, and lets go of its bases', async () => {
    const store = await stored();
    const { engine, bucket, versions } = store;
    await damage(store, 'delta');
    await engine.verify({});
    const again = await upload(engine, bucket, 'again', second);
    await expectWhole(store);
    for (const { lsn } of versions) await engine.purge(bucket, 'text', lsn);
    await engine.purge(bucket, 'again', again.lsn);
    const nothing = { chunks: 0, uniqueBytes: 0, storedBytes: 0 };
    expect(await engine.totals()).toMatchObject(nothing);
    const files = await readFiles(store.disk, storeFolder);
    const rebuilt = await openFrom(await fileSystemWith(storeFolder, files));
    expect(await rebuilt.totals()).toMatchObject(nothing);
    await rebuilt.close();
    await engine.close();
  });
});

/** Chunks in a file of their own, each a delta of others; the index leads to them. */
async function readerOf(
  chunks: readonly { bytes: Uint8Array; bases: readonly Uint8Array[]; readCost: number }[],
): Promise<(bytes: Uint8Array) => Promise<Uint8Array>> {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory(`${storeFolder}/segments`);
  await fileSystem.makeDirectory(`${storeFolder}/journal`);
  const files = await LogFiles.open(fileSystem, crc32, storeFolder, storeId);
  const writer = await files.create({
    kind: 'segment',
    generation: 1,
    fileId: 1,
    storeId,
    salt: 1,
    previous: { fileId: 0, end: 0, chain: 0 },
    firstLsn: 0,
    checkpoint: { fileId: 0, offset: 0 },
  });
  const idOf = (bytes: Uint8Array): ChunkId => ({
    domain: 0,
    kind: 'data',
    digest: sha256(bytes),
  });
  const index = new IndexStore(await Database.open(crc32, undefined, undefined, undefined));
  for (const { bytes, bases, readCost } of chunks) {
    const delta = encodeDelta(bases, bytes);
    const location = writer.appendChunk({
      id: idOf(bytes),
      encoding: 'raw',
      payload: delta,
      rawBytes: bytes.length,
      children: bases.map(idOf),
      delta: { deltaBytes: delta.length, readCost },
    });
    await index.writeDirectly([locationChange(idOf(bytes), location)]);
  }
  await writer.sync();
  const platform = testPlatform({ fileSystem });
  const reader = new ChunkReader({ platform, files, index, damage: new KnownDamage(index, []) });
  return (bytes) => reader.read(idOf(bytes));
}

describe('deltas that nobody would write', () => {
  test('are refused if they need each other', async () => {
    for (const readCost of [2, 3, 255]) {
      const read = await readerOf([
        { bytes: first, bases: [second], readCost },
        { bytes: second, bases: [first], readCost },
      ]);
      await expect(read(first)).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  test('are refused if they need themselves', async () => {
    const read = await readerOf([{ bytes: first, bases: [first], readCost: 255 }]);
    await expect(read(first)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('are refused if their base is not there', async () => {
    const read = await readerOf([{ bytes: first, bases: [second], readCost: 2 }]);
    await expect(read(first)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  test('are refused if their bases cost more than they say, and soon', async () => {
    const texts = Array.from({ length: 40 }, (_, edit) => editedText(5, 300, edit));
    // Each needs all those behind it: followed blindly, 2^39 reads.
    const read = await readerOf(
      texts.map((bytes, i) => ({
        bytes,
        bases: i === 39 ? texts.slice(0, 2) : texts.slice(i + 1, i + 3),
        readCost: Math.max(3, 255 - i),
      })),
    );
    await expect(read(texts[0] as Uint8Array)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});
