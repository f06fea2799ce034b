/**
 * A store as applications open it, but for the count of its syncs.
 *
 * The way from the call of an upload to the disk is the one that users have: the public classes,
 * over the engine, over this machine. Only the file system has a counter in front.
 *
 * @module
 */

import { Session } from '../src/api/session.ts';
import { Store } from '../src/api/store.ts';
import { Engine } from '../src/engine/engine.ts';
import { nodePlatform } from '../src/engine/platform/machine.ts';
import { countingFileSystem, newSyncCounter, type SyncCounter } from './counting-file-system.ts';

export interface MeasuredStore {
  readonly store: Store;
  readonly counter: SyncCounter;
}

/** Opens the store in a folder, or makes one there. */
export async function openMeasuredStore(
  directory: string,
  compaction: 'auto' | 'manual' = 'auto',
): Promise<MeasuredStore> {
  const counter = newSyncCounter();
  const platform = { ...nodePlatform(), fileSystem: countingFileSystem(counter) };
  const open = (): Promise<Engine> =>
    Engine.open({ platform, directory, createIfMissing: true, compaction });
  const session = new Session(platform.clock, open);
  await session.open();
  return { store: new Store(session), counter };
}
