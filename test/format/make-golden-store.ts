/**
 * Makes a golden store: `tsx test/format/make-golden-store.ts FOLDER [compacted]`.
 *
 * The stores in `fixtures/` were made with it, one for each format version, and are never made
 * again: they stand for what people have on their disks. This script stays for the next format
 * version. It refuses a folder that exists.
 *
 * The life of the store uses every frame type, every encoding and every kind of operation once; the
 * test that opens it counts them. It ends without a close. With `compacted` it is compacted at its
 * end, so that the first journal files are gone and a snapshot stands for them.
 */

import { cp, mkdtemp, open as openFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { concatBytes } from '../../src/base/bytes.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { Compression, Platform } from '../../src/engine/platform/platform.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';
import { describeGolden } from '../support/golden-description.ts';
import { smallChunking, TestClock, testPlatform, upload } from '../support/test-engine.ts';

const clock = new TestClock();

type Preferred = Compression['preferred'];

function platformThatPrefers(preferred: Preferred): Platform {
  const { compression, fileSystem } = nodePlatform();
  return testPlatform({
    fileSystem,
    clock,
    indexIn: 'folder',
    compression: { ...compression, preferred },
  });
}

async function open(
  directory: string,
  preferred: Preferred,
): Promise<{ engine: Engine; archive: BucketRecord; scratch: BucketRecord }> {
  const engine = await Engine.open({
    platform: platformThatPrefers(preferred),
    directory,
    createIfMissing: true,
    chunking: smallChunking,
    inlineBytesMax: 8192,
  });
  return {
    engine,
    archive: await engine.ensureBucket('archive', { versioned: true }),
    scratch: await engine.ensureBucket('scratch', { public: true }),
  };
}

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

async function liveWithDeflate(directory: string): Promise<void> {
  const { engine, archive, scratch } = await open(directory, 'deflate');
  await engine.ensureBucket('gone', {});
  const metadata = { 'x-note': 'grüße', ['__proto__']: 'a name like any other' };
  const first = await upload(engine, archive, 'a', 'one');
  clock.timeMs += 1000;
  const second = await engine.upload({
    bucket: archive,
    name: 'a',
    body: bodyOf('two'),
    durability: 'power',
    contentType: 'text/plain',
    metadata,
    lockedUntilMs: clock.timeMs + 500,
  });
  await engine.remove(archive, 'a');
  await upload(engine, archive, 'a', 'three');
  // A version in the past, then the newest, which reveals nothing, as a delete marker is behind it.
  await engine.purge(archive, 'a', first.lsn);
  const [newest] = await engine.versions.versions(archive.id, {}, 1);
  await engine.purge(archive, 'a', newest?.version.lsn ?? 0);
  // The delete marker itself: the version behind it is current again.
  await engine.purge(archive, 'a', second.lsn + 1);
  await upload(engine, archive, 'b/ü\0', generatedText(1, 5000));
  const marked = await upload(engine, archive, 'locked', 'kept');
  await engine.lock(archive, 'locked', marked.lsn, clock.timeMs + 86_400_000);
  await upload(engine, archive, 'locked', 'newer');
  await engine.lock(archive, 'locked', marked.lsn, clock.timeMs + 172_800_000);
  await engine.ensureBucket('archive', { retention: { keepLast: 100, keepForMs: 1e9, daily: 7 } });
  await upload(engine, archive, '😀', generatedText(1, 5000));
  // A delta of the text above, in the journal and, as all of it is new elsewhere, in a segment.
  await upload(engine, archive, '😀', editedText(1, 5000, 7));
  await upload(engine, archive, 'grown', generatedText(11, 40_000));
  await upload(engine, archive, 'grown', editedText(11, 40_000, 200));
  // What goes with its base: the operation that frees it has its read cost.
  const draft = await upload(engine, archive, 'draft', editedText(12, 1000, 1));
  const edited = await upload(engine, archive, 'draft', editedText(12, 1000, 2));
  await engine.purge(archive, 'draft', edited.lsn);
  await engine.purge(archive, 'draft', draft.lsn);
  // Seen through, and as it was given.
  const gzip = gzipSync(generatedText(13, 9000), { level: 9 });
  await upload(engine, archive, 'text.gz', gzip);
  await upload(engine, archive, 'no-text.gz', gzip.subarray(0, 900));
  // Two that share a commit, and what is said of both.
  await Promise.all(
    ['pair/one', 'pair/two'].map((name) => upload(engine, archive, name, `content of ${name}`)),
  );
  // So many that their commit is compressed.
  await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => `many/${i}/${'of files that have long names, '.repeat(3)}`,
    ).map((name) => upload(engine, scratch, name, 'many')),
  );
  await upload(engine, scratch, 'empty', '');
  const large = concatBytes([generatedBytes(2, 12_000), generatedText(3, 12_000)]);
  await upload(engine, scratch, 'large', large);
  await upload(engine, scratch, 'replaced', large.subarray(0, 15_000));
  await upload(engine, scratch, 'replaced', 'now small');
  await upload(engine, scratch, 'waste', generatedBytes(8, 12_000));
  await engine.remove(scratch, 'waste');
  await engine.deleteBucket('gone');
  await engine.totals();
  // The segment with what was replaced goes; the journal, being written, stays.
  await engine.compact({});
  await healDamage(directory, engine, scratch);
  await engine.close();
}

/** A chunk that rots in its segment and is uploaded again. */
async function healDamage(directory: string, engine: Engine, scratch: BucketRecord): Promise<void> {
  const content = generatedBytes(9, 12_000);
  await upload(engine, scratch, 'rotten', content);
  const [newest = ''] = readdirSync(join(directory, 'segments')).sort().reverse();
  const file = await openFile(join(directory, 'segments', newest), 'r+');
  await file.write(Uint8Array.of(0xff, 0x00, 0xff), 0, 3, 2000);
  await file.close();
  await engine.verify({});
  await upload(engine, scratch, 'healed', content);
}

async function liveWithZstd(directory: string): Promise<void> {
  const { engine, archive, scratch } = await open(directory, 'zstd');
  clock.timeMs += 3_600_000;
  const text = await upload(engine, archive, 'text', generatedText(4, 4000));
  await upload(engine, scratch, 'long text', generatedText(5, 60_000));
  await engine.link({ bucket: scratch, name: 'copy', from: text });
  await engine.remove(scratch, 'empty');
  await engine.remove(archive, 'text');
  await engine.close();
}

/** The last session is not closed: its files are copied as they are then. */
async function liveOn(directory: string): Promise<Engine> {
  const { engine, archive } = await open(directory, 'deflate');
  clock.timeMs -= 7_200_000;
  await upload(engine, archive, 'last', 'written before the end', 'os');
  await engine.sync();
  return engine;
}

const target = process.argv[2];
if (target === undefined || existsSync(target)) throw new Error('name a folder that is not there');
const folder = await mkdtemp(join(tmpdir(), 'varve-golden-'));
try {
  const store = join(folder, 'store');
  await liveWithDeflate(store);
  await liveWithZstd(store);
  const engine = await liveOn(store);
  if (process.argv[3] === 'compacted') {
    const scratch = await engine.ensureBucket('scratch', {});
    await upload(engine, scratch, 'waste', generatedBytes(7, 6000));
    await engine.remove(scratch, 'waste');
    await engine.compact({});
  }
  await cp(store, target, {
    recursive: true,
    filter: (path) => !/[\\/](index|OWNER)$/.test(path),
  });
  const expected = JSON.stringify(await describeGolden(engine), undefined, 2);
  await writeFile(`${target}.json`, `${expected}\n`);
  await engine.close();
} finally {
  await rm(folder, { recursive: true });
}
