/**
 * What is kept, what is pruned and what is locked, on the command line.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import type {
  BucketInfo,
  ObjectAttrs,
  PruneReport,
  StoreStats,
  VersionEntry,
} from '../../src/index.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(async () => {
  place = new Workplace();
  await place.fill('b');
  for (const content of ['one', 'two', 'three']) await put('b/a', content);
});

afterEach(() => {
  place.remove();
});

async function put(address: string, content: string, ...options: string[]): Promise<void> {
  const { exitCode, stderr } = await place.run(['put', '-', address, ...options], {
    input: content,
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
}

async function versions(): Promise<VersionEntry[]> {
  return place.jsonLines<VersionEntry>('ls', 'b', '--versions', '-r');
}

describe('mb and prune', () => {
  test('keep what is said, and remove the rest', async () => {
    const options = ['--keep-last', '2', '--keep-for', '12h', '--keep-daily', '7'];
    expect(await place.ok('mb', 'b', ...options)).toBe(
      'made b  (versioned, keeps last 2, for PT12H, 7 daily)\n',
    );
    const [info] = await place.jsonLines<BucketInfo>('buckets');
    const retention = { keepLast: 2, keepFor: 'PT12H', keepWithin: { daily: 7 } };
    expect(info).toEqual({ name: 'b', versioned: true, public: false, retention });
    expect(await place.json('prune')).toMatchObject({ versions: 0 });

    await place.ok('mb', 'b', '--keep-last', '2');
    const before = await place.json<StoreStats>('stats');
    const would = await place.json<PruneReport>('prune', '--dry-run');
    expect(would).toMatchObject({ versions: 1, deleteMarkers: 0, logicalBytes: 3 });
    expect(await versions()).toHaveLength(3);
    expect(await place.ok('prune', 'b', '--dry-run')).toContain('would remove 1 version');
    expect(await place.json<PruneReport>('prune', 'b')).toEqual(would);
    expect(await versions()).toHaveLength(2);
    const after = await place.json<StoreStats>('stats');
    expect(before.storedBytes - after.storedBytes).toBe(would.freedBytes);
    expect(await place.ok('mb', 'b', '--keep-all')).toBe('made b  (versioned)\n');
  });

  test('follow other rules once, for one bucket', async () => {
    const report = await place.json<PruneReport>('prune', 'b', '--keep-last', '1');
    expect(report.versions).toBe(2);
    expect(await place.ok('buckets')).toBe('b  (versioned)\n');
  });

  test.each([
    ['without a bucket', ['prune', '--keep-last', '1']],
    ['without a rule', ['prune', 'b']],
    ['with a duration that is none', ['mb', 'b', '--keep-for', '1m']],
    ['with rules that contradict each other', ['mb', 'b', '--keep-all', '--keep-last', '1']],
    ['with a count of 0', ['prune', 'b', '--keep-daily', '0']],
  ])('are refused %s', async (_, argv) => {
    const { exitCode, stdout } = await place.run(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: exitCodes.usage, stdout: '' });
    expect(await versions()).toHaveLength(3);
  });
});

describe('lock and rm', () => {
  test('a locked version stays, and the time may be moved forward only', async () => {
    const [newest] = await versions();
    const version = newest?.version as string;
    const locked = await place.json<ObjectAttrs>('lock', 'b/a', '--until', '2200-01-01T00:00Z');
    expect(locked).toMatchObject({ version, lockedUntil: '2200-01-01T00:00:00.000Z' });
    const again = await place.json('lock', 'b/a', '--until', '2100-01-01', '--version', version);
    expect(again).toEqual(locked);
    expect(await place.ok('stat', 'b/a')).toContain('locked');
    const removal = await place.run(['rm', 'b/a', '--version', version, '--json']);
    expect(removal.exitCode).toBe(exitCodes.versionLocked);
    expect(removal.stderr).toContain('"code":"VERSION_LOCKED"');
    const wrong = await place.run(['lock', 'b/a', '--until', 'tomorrow']);
    expect(wrong.exitCode).toBe(exitCodes.usage);
  });

  test('an upload may be locked from the start', async () => {
    await put('b/locked', 'x', '--locked-until', '2200-01-01');
    const attrs = await place.json<ObjectAttrs>('stat', 'b/locked');
    expect(attrs).toMatchObject({ lockedUntil: '2200-01-01T00:00:00.000Z' });
  });

  test('what rm would free is told, and nothing is removed', async () => {
    const oldest = (await versions()).at(-1)?.version as string;
    const before = await place.json<StoreStats>('stats');
    const argv = ['rm', 'b/a', '--version', oldest, '--dry-run'];
    const { wouldFree } = await place.json<{ wouldFree: { storedBytes: number } }>(...argv);
    expect(wouldFree).toMatchObject({ versions: 1, logicalBytes: 3 });
    expect(await place.json('rm', 'b/a', '--dry-run')).toMatchObject({
      wouldFree: { versions: 0, storedBytes: 0 },
    });
    expect(await place.json<StoreStats>('stats')).toEqual(before);
    await place.ok('rm', 'b/a', '--version', oldest);
    const after = await place.json<StoreStats>('stats');
    expect(before.storedBytes - after.storedBytes).toBe(wouldFree.storedBytes);
    const missing = await place.run(['rm', 'b/missing', '--dry-run']);
    expect(missing.exitCode).toBe(exitCodes.notFound);
  });
});
