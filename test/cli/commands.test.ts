/**
 * The commands on single objects and buckets, as processes: what they print, and how they end.
 *
 * @module
 */

import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { fileHeaderBytes } from '../../src/engine/log/file-header.ts';
import {
  type ListEntry,
  type ObjectAttrs,
  type StorageReport,
  type StoreStats,
  type VersionEntry,
} from '../../src/index.ts';
import { Workplace } from '../support/command-line.ts';
import { generatedBytes } from '../support/content.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => {
  place.remove();
});

type Stored = ObjectAttrs & { readonly bucket: string };

/** Stores text and returns what became of it. */
async function put(address: string, content: string, ...options: string[]): Promise<Stored> {
  const argv = ['put', '-', address, '--json', ...options];
  const { exitCode, stdout, stderr } = await place.run(argv, { input: content });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as Stored;
}

describe('mb, buckets, rb', () => {
  test('a bucket that was made is there in the next process', async () => {
    expect(await place.ok('mb', 'plain')).toBe('made plain\n');
    expect(await place.json('mb', 'kept', '--versioned')).toEqual({
      name: 'kept',
      versioned: true,
      public: false,
    });
    expect(await place.ok('buckets')).toBe('kept  (versioned)\nplain\n');
    expect(await place.jsonLines('buckets')).toEqual([
      { name: 'kept', versioned: true, public: false },
      { name: 'plain', versioned: false, public: false },
    ]);
    expect(await place.ok('ls')).toBe(await place.ok('buckets'));
  });

  test('making a bucket again changes nothing, and versioning can be turned on', async () => {
    await place.ok('mb', 'b');
    await place.ok('mb', 'b', '--versioned');
    expect(await place.ok('mb', 'b')).toBe('made b  (versioned)\n');
  });

  test('only an empty bucket is removed', async () => {
    await place.ok('mb', 'b');
    await put('b/a', 'a');
    expect(await place.run(['rb', 'b'])).toMatchObject({ exitCode: exitCodes.usage });
    await place.ok('rm', 'b/a');
    expect(await place.json('rb', 'b')).toEqual({ removed: 'b' });
    expect(await place.ok('buckets')).toBe('');
  });
});

describe('put, get, cat, stat', () => {
  test('what was put is what comes out, with its type and metadata', async () => {
    await place.ok('mb', 'b');
    const content = Uint8Array.from(
      { length: 300_000 },
      (_, i) => Math.imul(i, 2_654_435_761) >>> 24,
    );
    writeFileSync(place.path('in'), content);
    const meta = ['--meta', 'a=1', '--meta', 'b=x=y'];
    const stored = await place.json<Stored>('put', 'in', 'b/a/c.bin', '--type', 'a/b', ...meta);
    expect(stored).toEqual({
      bucket: 'b',
      name: 'a/c.bin',
      size: 300_000,
      etag: expect.any(String),
      contentType: 'a/b',
      metadata: { a: '1', b: 'x=y' },
      lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(await place.json('stat', 'b/a/c.bin')).toMatchObject({
      ...stored,
      storage: { versions: 1, logicalBytes: 300_000, sharedBytes: 0 },
    });
    expect(await place.json('stat', 'b/a/c.bin', '--no-storage')).toEqual(stored);
    const text = await place.ok('stat', 'b/a/c.bin');
    expect(text).toMatch(/^chunks +\d+ chunks?, 0 as deltas/m);
    expect(text).toMatch(/^stored +.* of its own, 0 B shared$/m);
    expect(text).toContain('293.0 KiB (300,000 bytes)');
    expect(text).toMatch(/^meta b +x=y$/m);

    expect(await place.json('get', 'b/a/c.bin', 'out')).toEqual({
      ...stored,
      file: expect.stringMatching(/out$/),
      bytes: 300_000,
    });
    expect(readFileSync(place.path('out')).equals(content)).toBe(true);
    const { stdoutBytes } = await place.run(['cat', 'b/a/c.bin']);
    expect(stdoutBytes.equals(content)).toBe(true);
    expect(readdirSync(place.folder).sort()).toEqual(['.varve', 'in', 'out']);
  });

  test.each([
    ['2-5', '234'],
    ['7-', '789'],
    ['-3', '789'],
    ['0-0', ''],
  ])('--range %s of ten digits is %j', async (range, part) => {
    await place.fill('b', { digits: '0123456789' });
    expect(await place.ok('cat', 'b/digits', '--range', range)).toBe(part);
    await place.ok('get', 'b/digits', 'out', '--range', range);
    expect(readFileSync(place.path('out'), 'utf8')).toBe(part);
  });

  test('preconditions are kept', async () => {
    await place.fill('b');
    const { etag } = await put('b/a', 'one', '--if-absent');
    const again = await place.run(['put', '-', 'b/a', '--if-absent', '--json'], { input: 'two' });
    expect(again.exitCode).toBe(exitCodes.preconditionFailed);
    expect(JSON.parse(again.stderr.split('\n').at(-2) as string)).toMatchObject({
      error: { code: 'PRECONDITION_FAILED' },
    });
    await put('b/a', 'two', '--if-match', etag);
    const late = await place.run(['put', '-', 'b/a', '--if-match', etag], { input: 'three' });
    expect(late.exitCode).toBe(exitCodes.preconditionFailed);
    expect(await place.ok('cat', 'b/a')).toBe('two');
  });

  test('get writes through a link, into a pipe, and over a file only when it has all', async () => {
    await place.fill('b', { a: 'new' });
    writeFileSync(place.path('old'), 'old');
    symlinkSync('old', place.path('link'));
    await place.ok('get', 'b/a', 'link');
    expect(readFileSync(place.path('old'), 'utf8')).toBe('new');
    const piped = await place.shell('mkfifo pipe; cat pipe & varve get b/a pipe; wait');
    expect(piped.stdout).toContain('new');

    const missing = await place.run(['get', 'b/missing', 'old']);
    expect(missing.exitCode).toBe(exitCodes.notFound);
    expect(readFileSync(place.path('old'), 'utf8')).toBe('new');
    mkdirSync(place.path('folder'));
    expect(await place.run(['get', 'b/a', 'folder'])).toMatchObject({ exitCode: exitCodes.usage });
    expect(readdirSync(place.path('folder'))).toEqual([]);
  });
});

describe('versions', () => {
  test('every version can be read, copied, restored and removed', async () => {
    await place.fill('b');
    const one = await put('b/a', 'one');
    const two = await put('b/a', 'two');
    await place.ok('rm', 'b/a');
    expect(await place.run(['cat', 'b/a'])).toMatchObject({ exitCode: exitCodes.notFound });
    expect(await place.ok('cat', 'b/a', '--version', String(one.version))).toBe('one');
    expect(await place.ok('cat', 'b/a', '--at', String(two.version))).toBe('two');
    expect(await place.ok('cat', 'b/a', '--at', two.lastModified.toString())).toBe('two');
    const at = String(one.version);
    expect(await place.json('stat', 'b/a', '--at', at, '--no-storage')).toEqual(one);
    expect(await place.json('stat', 'b/a', '--at', at)).toMatchObject(one);

    const entries = await place.jsonLines<VersionEntry>('ls', 'b', '--versions');
    expect(
      entries.map(({ isLatest, deleteMarker, size }) => [isLatest, deleteMarker, size]),
    ).toEqual([
      [true, true, 0],
      [false, false, 3],
      [false, false, 3],
    ]);
    const text = await place.ok('ls', 'b', '--versions');
    expect(text).toMatch(/ deleted {2}a\n.* old {6}a\n.* old {6}a\n$/);

    await place.ok('restore', 'b/a', String(one.version));
    expect(await place.ok('cat', 'b/a')).toBe('one');
    const copied = await place.json<Stored>('cp', 'b/a', 'b/c', '--version', String(two.version));
    expect(copied).toMatchObject({ bucket: 'b', name: 'c', etag: two.etag });
    expect(await place.ok('cat', 'b/c')).toBe('two');

    expect(await place.json('rm', 'b/a', '--version', String(one.version))).toEqual({
      removed: { bucket: 'b', name: 'a', version: one.version },
    });
    const gone = await place.run(['cat', 'b/a', '--version', String(one.version)]);
    expect(gone.exitCode).toBe(exitCodes.notFound);
    expect(await place.ok('cat', 'b/a')).toBe('one');
  });

  test('--at and --version, or --versions, cannot stand together', async () => {
    for (const argv of [
      ['cat', 'b/a', '--at', '2026-01-01', '--version', 'x'],
      ['ls', 'b', '--at', '2026-01-01', '--versions'],
    ]) {
      expect(await place.run(argv)).toMatchObject({ exitCode: exitCodes.usage });
    }
  });
});

describe('ls', () => {
  const names = ['a', 'a-', 'a/1', 'a/2/3', 'b/1', 'b0', 'ä'];
  let template: Workplace;

  beforeAll(async () => {
    template = new Workplace();
    await template.fill('b', Object.fromEntries(names.map((name) => [name, name])));
  });

  beforeEach(() => {
    cpSync(template.path('.varve'), place.path('.varve'), { recursive: true });
  });

  afterAll(() => {
    template.remove();
  });

  test('shows one level, or all, in bytewise order', async () => {
    expect(await place.ok('ls', 'b')).toBe('a\na-\na/\nb/\nb0\nä\n');
    expect(await place.ok('ls', 'b/a/')).toBe('a/1\na/2/\n');
    expect(await place.ok('ls', 'b/a')).toBe('a\na-\na/\n');
    expect(await place.ok('ls', 'b', '-r')).toBe(`${names.join('\n')}\n`);
    expect(await place.ok('ls', 'b/nothing')).toBe('');
  });

  test('shows entries and groups as documents', async () => {
    const entries = await place.jsonLines<ListEntry | { prefix: string }>('ls', 'b/a/');
    expect(entries).toEqual([
      {
        name: 'a/1',
        size: 3,
        etag: expect.any(String),
        lastModified: expect.any(String),
        version: expect.any(String),
      },
      { prefix: 'a/2/' },
    ]);
  });

  test('--limit counts what is shown', async () => {
    for (const limit of [1, 2, 3, 5, 6, 7]) {
      const level = await place.ok('ls', 'b', '--limit', String(limit));
      expect(level.split('\n').length - 1).toBe(Math.min(limit, 6));
    }
    expect(await place.ok('ls', 'b', '-r', '--limit', '2')).toBe('a\na-\n');
  });

  test('-l shows sizes, times and versions in columns', async () => {
    const lines = (await place.ok('ls', 'b', '-l')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ {7}1 B {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}\w+ {2}a$/);
    expect(lines[2]).toMatch(/^ {9}- {2}- +a\/$/);
  });

  test('--at shows what was there', async () => {
    const [first] = await place.jsonLines<ListEntry>('ls', 'b', '-r', '--limit', '1');
    await place.ok('rm', 'b/a');
    expect(await place.ok('ls', 'b', '--at', String(first?.version))).toBe('a\n');
    expect(await place.ok('ls', 'b', '-r', '--at', '2001-01-01')).toBe('');
    expect(await place.ok('ls', 'b/b', '--at', '2999-01-01')).toBe('b/\nb0\n');
  });

  test('a name cannot break its line', async () => {
    await place.fill('b', { 'x\ny\u001b[2J': '' });
    expect(await place.ok('ls', 'b/x')).toBe('x\\x0ay\\x1b[2J\n');
    expect(await place.jsonLines('ls', 'b/x')).toMatchObject([{ name: 'x\ny\u001b[2J' }]);
  });
});

describe('stats, verify, compact, backup', () => {
  test('tell of the store, as text and as documents', async () => {
    await place.fill('b', { a: 'same' });
    await place.fill('b', { a: 'same' });
    expect(await place.json<StoreStats>('stats')).toMatchObject({
      buckets: 1,
      objects: 1,
      versions: 2,
      deleteMarkers: 0,
      chunks: 1,
      logicalBytes: 8,
      uniqueBytes: 4,
    });
    expect(await place.ok('stats')).toMatch(/^logical +8 B {2}what was stored/m);
    expect(await place.json('verify')).toMatchObject({
      ok: true,
      versions: 2,
      damaged: [],
      problems: [],
    });
    expect(await place.ok('verify')).toMatch(/^2 versions, 1 chunk, .* checked: all is well\n$/);
    expect(await place.json('compact')).toEqual({
      reclaimedBytes: expect.any(Number),
      movedBytes: expect.any(Number),
      complete: true,
    });
    expect(await place.json('optimize', '--max-seconds', '60')).toMatchObject({ complete: true });
    expect(await place.ok('optimize')).toMatch(/^gave back .*, moved 0 B\n$/);
    expect(await place.json('backup', 'copy')).toMatchObject({ files: expect.any(Number) });
    expect(await place.ok('cat', 'b/a', '--store', 'copy')).toBe('same');
  });
});

describe('stats, step by step', () => {
  test('are told in all, of a bucket or a prefix, and a row for each', async () => {
    await place.fill('b', { 'x/a': 'same', 'x/b': 'same', c: 'else' });
    await place.fill('other', { a: 'same' });
    const all = await place.json<StoreStats & { storage: StorageReport }>('stats', '--storage');
    expect(all).toMatchObject({ buckets: 2, storage: { versions: 4, uniqueBytes: 8 } });
    expect(all.storage.storedBytes).toBe(all.storedBytes);
    expect(await place.ok('stats', '--storage')).toMatch(/^reduced +8 B {2}after deltas/m);

    const ofX = await place.json<StorageReport>('stats', 'b/x/');
    expect(ofX).toMatchObject({ versions: 2, logicalBytes: 8, uniqueBytes: 4, ownBytes: 0 });
    expect(await place.ok('stats', 'b/x/')).toMatch(/^own +0 B {2}what nothing else uses; /m);

    const buckets = await place.jsonLines<StorageReport>('stats', '--each');
    expect(buckets).toMatchObject([
      { bucket: 'b', versions: 3, uniqueBytes: 8 },
      { bucket: 'other', versions: 1, ownBytes: 0 },
    ]);
    await place.ok('rm', 'b/c');
    await place.fill('b', { 'x/a': 'same' });
    expect(await place.jsonLines<StorageReport>('stats', 'b', '--each')).toMatchObject([
      { bucket: 'b', name: 'c', versions: 1 },
      { bucket: 'b', name: 'x/a', versions: 2, logicalBytes: 8, uniqueBytes: 4 },
      { bucket: 'b', name: 'x/b', versions: 1 },
    ]);
    const table = await place.ok('stats', 'b', '--each');
    expect(table.split('\n').map((row) => row.split(/ +/).at(-1))).toEqual([
      'name',
      'c',
      'x/a',
      'x/b',
      '',
    ]);
    const { exitCode } = await place.run(['stats', 'nowhere', '--each']);
    expect(exitCode).toBe(exitCodes.notFound);
  });

  test('of damage there are none, but what is known of the object', async () => {
    await place.ok('mb', 'b');
    writeFileSync(place.path('in'), generatedBytes(1, 300_000));
    const stored = await place.json<Stored>('put', 'in', 'b/a');
    const segments = place.path('.varve/segments');
    const [segment = ''] = readdirSync(segments);
    const bytes = readFileSync(`${segments}/${segment}`);
    writeFileSync(`${segments}/${segment}`, bytes.fill(0, fileHeaderBytes, fileHeaderBytes + 100));
    const { exitCode, stdout, stderr } = await place.run(['stat', 'b/a', '--json']);
    expect(exitCode).toBe(exitCodes.corrupt);
    expect(JSON.parse(stdout)).toEqual(stored);
    expect(stderr).toMatch(/^varve: a chunk frame is damaged/);
    expect(await place.run(['stats', 'b'])).toMatchObject({ exitCode: exitCodes.corrupt });
    expect(await place.run(['stats'])).toMatchObject({ exitCode: 0 });
  });
});
