/**
 * What was written stays readable, and what is written stays the same.
 *
 * The stores in `fixtures/` were made by the build of their format version and are never made
 * again, whatever this test says: they stand for what people have on their disks. Each of them is
 * opened from a copy, without an index, and must hold exactly what it held then.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeDelta } from '../../src/engine/chunk/delta.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { encodingNumbers } from '../../src/engine/model.ts';
import { decodeChunkExtension, frameTypes } from '../../src/engine/log/frame.ts';
import { decodeCommitPayload, operationNumbers } from '../../src/engine/log/operations.ts';
import { recoverJournal, replayJournal } from '../../src/engine/log/recovery.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import { firstPosition, walkFrames } from '../../src/engine/log/walk.ts';
import {
  deltaExample,
  exampleOperations,
  formatExamples,
  importedOperations,
} from '../support/format-examples.ts';
import { describeGolden } from '../support/golden-description.ts';
import { fileSystemWith, mustGetFile, pathsIn, type StoredFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  openFrom,
  storeFolder,
  testPlatform,
  upload,
} from '../support/test-engine.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const formatVersions = ['1.0', '1.1', '1.2', '1.3'];

/** Stores of which a part is gone, as it may be: they need not show every kind of thing. */
const partialStores = ['1.1-compacted'];

/** Kinds of operation and encodings that a format version did not have yet. */
const laterKinds: Readonly<Record<string, readonly string[]>> = {
  '1.0': ['relocate', 'retire', 'lock', 'supersede', 'primed'],
  '1.1': ['primed'],
  '1.2': ['primed'],
};

/** What came into frames and operations later than they did, and which version has it. */
const grownKinds: Readonly<Record<string, readonly string[]>> = {
  '1.2': ['a delta', 'a freed delta', 'a recipe', 'puts of one commit'],
  '1.3': ['a delta', 'a freed delta', 'a recipe', 'puts of one commit', 'a deflated commit'],
};

function readFixture(version: string): StoredFiles {
  const root = join(fixtures, version);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(root, path)).isFile(),
  );
  return new Map(
    paths.map((path) => [
      path.replaceAll('\\', '/'),
      Uint8Array.from(readFileSync(join(root, path))),
    ]),
  );
}

describe.each([...formatVersions, ...partialStores])('a store of format %s', (version) => {
  const files = readFixture(version);

  test('holds what it held, and can be written to', async () => {
    const expected = JSON.parse(readFileSync(`${join(fixtures, version)}.json`, 'utf8')) as {
      totals: { reclaimableBytes?: number };
    };
    // Format 1.0 counted it in each commit; it is derived from the log files now.
    delete expected.totals.reclaimableBytes;
    const engine = await openFrom(await fileSystemWith(storeFolder, files));
    expect(JSON.parse(JSON.stringify(await describeGolden(engine)))).toEqual(expected);
    expect(await complaintsAbout(engine)).toEqual([]);
    const added = await upload(engine, await engine.ensureBucket('new', {}), 'new', 'content');
    expect(await contentOf(engine, added)).toEqual(new TextEncoder().encode('content'));
    await engine.close();
  });

  test.skipIf(partialStores.includes(version))(
    'has every type of frame, every encoding and every kind of operation',
    async () => {
      const { hashing } = testPlatform();
      const fileSystem = await fileSystemWith(storeFolder, files);
      const superblock = decodeSuperblock(hashing.crc32, mustGetFile(files, 'VARVE'));
      const storeId = superblock?.storeId ?? new Uint8Array(16);
      const log = await LogFiles.open(fileSystem, hashing.crc32, storeFolder, storeId);
      const seen = new Set<string>();
      for (const id of [...log.ids('journal'), ...log.ids('segment')]) {
        await log.with(id, async (opened) => {
          const frames = walkFrames(hashing.crc32, opened, firstPosition(opened));
          for await (const { header, extension } of frames) {
            seen.add(header.type).add(header.encoding);
            const { type, encoding } = header;
            if (type === 'commit' && encoding === 'deflate') seen.add('a deflated commit');
            if (header.type !== 'chunk') continue;
            if (decodeChunkExtension(header, extension).delta !== undefined) seen.add('a delta');
          }
        });
      }
      const { end } = await recoverJournal(log, hashing.crc32);
      for await (const { payload } of replayJournal(log, hashing.crc32, end)) {
        for (const operation of payload.operations) {
          seen.add(operation.kind);
          if (operation.kind === 'free' && operation.location.readCost) seen.add('a freed delta');
          if (operation.kind === 'put' && operation.seenThrough) seen.add('a recipe');
        }
        const puts = payload.operations.filter(({ kind }) => kind === 'put');
        if (puts.length > 1) seen.add('puts of one commit');
      }
      const all = [frameTypes, encodingNumbers, operationNumbers].flatMap((numbers) =>
        Object.keys(numbers),
      );
      const expected = all.filter((kind) => !laterKinds[version]?.includes(kind));
      for (const kind of grownKinds[version] ?? []) expected.push(kind);
      expect([...seen].sort()).toEqual([...new Set(expected)].sort());
    },
  );

  test('has no index, and is small', () => {
    expect(pathsIn(files, 'index')).toEqual([]);
    const sizes = [...files.values()].map(({ length }) => length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(200_000);
  });
});

/** The bytes of each example, without the zeros at its end. They change with the format only. */
const goldenBytes: Readonly<Record<string, string>> = {
  'a slot of the VARVE file':
    '56415256451a300a0100030003000000000000000100000000000000000102030405060708090a0b0c0d0e0f' +
    '010000000100000000000000010100400000000001000000040051f274c6',
  'a file header':
    '56415256451a4a0a01000300020000000300000000000000000102030405060708090a0b0c0d0e0f175a0000' +
    '01000000000000000008000000000000a1c40000090000000000000001000000000000000004000000000000' +
    '0e284ef4',
  'a chunk frame':
    '010027000c0000000c0000009637f259010000a5d0189e22e398bee974696e7d026484a17bd2e8514e112230' +
    '1acd4cb7e160802767af0768656c6c6f2c207661727665',
  'a delta frame':
    '01004900150000002e000000aae6f0e501010059b6b1d4f778a72a4052ab2bf6e13fefdce454d2f72b79ac8d' +
    'd6bac6572a3e611502da83a767fbc7a60eeeb504cd762bddea59d313fcef8c586a1dd0a379a01fe2278bd4c2' +
    'd61120616e642068656c6c6f2c207661727665001d',
  'a primed frame':
    '01034900190000003200000073bff88e0101003172c9e50982b27b3fd5f6418fb1544dde7482eab0b5672ae8' +
    '261dd5cb5f6c5f3302e1ab648db79077268025590a523ed3fe685ca5832d0f4509d16ab90b7f6b9894f96529' +
    'a8330a014a8095014d8029d25148cc4b8198001705db02d603',
  'a node frame':
    '0200270046000000460000008629715001000022222222222222222222222222222222222222222222222222' +
    '2222222222222245480ea5010102a5d0189e22e398bee974696e7d026484a17bd2e8514e1122301acd4cb7e1' +
    '60800c1111111111111111111111111111111111111111111111111111111111111111ac02',
  'a commit frame':
    '03001c00d4010000d4010000e129c07d09000000000000000100000000020000000000001233f5550b16008b' +
    '80d095ffbc3101010100010c0c0000030d0105016180d095ffbc310c',
  'a deflated commit frame':
    '03011c00d4010000dc0100004d792a780900000000000000140000000002000000000000fea94ec17c988c3d' +
    '85cf4b0e82301080612a9649882e3c8313dd2185f2da781714162e2a2670002fe16d3c8437d28a33edd259fe' +
    'ed4cf2dd5f8ff7538980263c0a195f87a91f0f6962badfeb2a0816bba519ba3e2cb59666ba983e56554a23c7' +
    'a935379926ede91c6ec43a5a2abb6a97b6caa78c52e6534e29f74953d23e15940a9f4a4aa54f15a5caa79a52' +
    'ed5343a999536193545fa66d62ff0f18d9af740958884e082c44270416a213020bd1098185e884c042744260' +
    '213a21b0109d105888b3f003',
  'a pad frame': '04000000080000000000000020411559',
  'a commit payload': '80d095ffbc3101010100010c0c0000030d0105016180d095ffbc310c',
  'every operation':
    '80d095ffbc31020000000000000000010401016201020102031f0105016180d095ffbc310c0000010a746578' +
    '742f706c61696e0204016b0176032a010a0100b8020100222222222222222222222222222222222222222222' +
    '22222222222222222222220300040a01016180d095ffbc310405060101610400030606020280048010072900' +
    '001111111111111111111111111111111111111111111111111111111111111111028004e202ac02080f0180' +
    '08010a020101ac0200c405e2020a070104028004e2020b030201020d270000a5d0189e22e398bee974696e7d' +
    '026484a17bd2e8514e1122301acd4cb7e1608002e206430c09000c0b010161030080a0f1c2b134',
  'what was added to bodies':
    '80d095ffbc31020000000000000000011001016201010a0105028090fbd309040703150105016180d095ffbc' +
    '310c0000030680a0f1c2b1340729000011111111111111111111111111111111111111111111111111111111' +
    '1111111102800478ac0202',
  'puts that are alike':
    '80d095ffbc31010000000000000000034001050c6e6f7465732f6f6e652e6d6480d095ffbc310c0000022604' +
    '6d6f646503363434056d74696d650a31373030303030303030057374616d7005302e6162630313010d060674' +
    '776f2e6d640c000023312e616263',
  'a version that is seen through':
    '80d095ffbc31010000000000000000010701016201020100036c0105016180d095ffbc311f0000043901010a' +
    '1f8b0800000000000003030106080f000a0c333333333333333333333333333333330108010203040a000000' +
    '02016f7e53493a4d4b0205220b00111111111111111111111111111111111111111111111111111111111111' +
    '1111',
  'a recipe':
    '01010a1f8b0800000000000003030106080f000a0c333333333333333333333333333333330108010203040a' +
    '00000002016f7e53493a4d4b02',
  'a manifest node':
    '010102a5d0189e22e398bee974696e7d026484a17bd2e8514e1122301acd4cb7e160800c1111111111111111' +
    '111111111111111111111111111111111111111111111111ac02',
  // Another search for copies may write another one: what must stay is what this one makes.
  'a delta': '195468696e206c69636520686173206265656e2074686572652e003d7e062af501',
  'a snapshot':
    '56415256451a560a010003000200000102030405060708090a0b0c0d0e0f0900000000000000010000000000' +
    '000000040000000000008659cb72' +
    '00'.repeat(458) +
    '0b0000000b000000323db6b30562000000010401016201000000000000000000000000c96f3892',
  'a parity file':
    '56415256451a500a01000300000102030405060708090a0b0c0d0e0f0300000000000000d8b5321c88130000' +
    '00000000941100000000000000100000020000001e28347c4672683c' +
    '00'.repeat(440) +
    'cb137be27251475bcb137be268656c6c6f2c207661727665',
};

/** Every operation as builds before 1.2 wrote them: each put says all of itself. */
const everyOperationInFull: string =
  '80d095ffbc31020000000000000000010401016201020102031f0105016180d095ffbc310c0000010a746578' +
  '742f706c61696e0204016b0176032f0102016180d095ffbc31b8020100222222222222222222222222222222' +
  '222222222222222222222222222222222203040a01016180d095ffbc31040506010161040003060602028004' +
  '8010072900001111111111111111111111111111111111111111111111111111111111111111028004e202ac' +
  '02080f018008010a020101ac0200c405e2020a070104028004e2020b030201020d270000a5d0189e22e398be' +
  'e974696e7d026484a17bd2e8514e1122301acd4cb7e1608002e206430c09000c0b010161030080a0f1c2b134';

describe('the encoders', () => {
  test.each(Object.entries(formatExamples))('write %s as ever', (name, bytes) => {
    const hex = Buffer.from(bytes).toString('hex');
    expect(hex.replace(/(00)*$/, '')).toBe(goldenBytes[name]);
  });

  test('have an example of a delta, which makes what it should', () => {
    const { bases, target } = deltaExample;
    expect(decodeDelta(bases, formatExamples['a delta'] as Uint8Array, target.length)).toEqual(
      target,
    );
  });

  test('have an example of every operation, which decodes to itself', () => {
    const group = exampleOperations.flatMap((operation) =>
      operation.kind === 'put' && operation.root.level === 0 ? [operation.root.id] : [],
    );
    const bytes = formatExamples['every operation'] as Uint8Array;
    expect(decodeCommitPayload(bytes, group).operations).toEqual(exampleOperations);
    const inFull = Buffer.from(everyOperationInFull, 'hex');
    expect(decodeCommitPayload(inFull, group).operations).toEqual(exampleOperations);
    const kinds = new Set(exampleOperations.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(Object.keys(operationNumbers).sort());
  });

  test('write a put that is like the one before it so that it decodes to itself', () => {
    const bytes = formatExamples['puts that are alike'] as Uint8Array;
    const group = importedOperations.flatMap((operation) =>
      operation.kind === 'put' ? [operation.root.id] : [],
    );
    expect(decodeCommitPayload(bytes, group).operations).toEqual(importedOperations);
  });
});
