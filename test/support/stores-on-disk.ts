/**
 * Stores in folders of this machine, and what is done with them to back them up.
 *
 * @module
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { BackupResult } from '../../src/engine/maintenance/backup.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import type { Platform } from '../../src/engine/platform/platform.ts';
import { generatedBytes } from './content.ts';
import { stateOf } from './recorded-life.ts';
import { complaintsAbout, smallChunking, upload } from './test-engine.ts';

/** Opens a store that cuts small, or makes it. */
export async function openOnDisk(
  directory: string,
  platform: Platform = nodePlatform(),
): Promise<Engine> {
  const inlineBytesMax = 8192;
  const how = { createIfMissing: true, chunking: smallChunking, inlineBytesMax };
  return Engine.open({ platform, directory, ...how });
}

/** Stores something small, which goes to the journal, and something large, for a segment. */
export async function writeBoth(engine: Engine, seed: number): Promise<void> {
  const bucket = await engine.ensureBucket('notes', { versioned: true });
  await upload(engine, bucket, `small-${seed}`, generatedBytes(seed, 600));
  await upload(engine, bucket, `large-${seed}`, generatedBytes(seed + 1000, 50_000));
}

/** The same, in a session of its own. */
export async function writeSession(directory: string, seed: number): Promise<void> {
  const engine = await openOnDisk(directory);
  await writeBoth(engine, seed);
  await engine.close();
}

/** Takes a backup, in a session of its own. */
export async function backUp(
  store: string,
  target: string,
  platform?: Platform,
): Promise<BackupResult> {
  const engine = await openOnDisk(store, platform);
  try {
    return await engine.backup(target, {});
  } finally {
    await engine.close();
  }
}

/** Opens a store, looks at everything, and closes it. */
export async function stateIn(directory: string): Promise<string> {
  const engine = await openOnDisk(directory);
  const state = await stateOf(engine);
  expect(await complaintsAbout(engine)).toEqual([]);
  await engine.close();
  return state;
}

/** The log files of a store, as paths in its folder. */
export function logFilesOf(directory: string): string[] {
  return ['journal', 'segments'].flatMap((kind) =>
    readdirSync(join(directory, kind)).map((name) => join(kind, name)),
  );
}
