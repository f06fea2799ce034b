/**
 * One case after the other: a life of a store, in which one call of its disk fails in one way.
 *
 * The laws, for every case:
 * - Every call of the store settles; one that was given a signal settles soon after that fires,
 *   even on a disk that never answers.
 * - A failure is an error of ours, with a code that fits. No rejection is left unhandled.
 * - Once the store is closed no file is open.
 * - On a disk that is well again the store opens, in this process too. Everything acknowledged is
 *   there and whole, what is said not to have happened is not there, and new uploads are welcome.
 * - The same holds for what a power cut would have left.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { MemoryFileSystem } from '../../src/engine/platform/memory-file-system.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import {
  NumberedDisk,
  type DiskFault,
  type FaultMode,
  type FaultSite,
} from '../support/numbered-disk.ts';
import { fileSystemWith, readFiles, type StoredFiles } from '../support/stored-files.ts';
import { storeFolder } from '../support/test-engine.ts';
import type { FaultyLife } from './lives.ts';
import { WatchedStore } from './watched-store.ts';

/** Where a life begins. */
interface Beginning {
  readonly files: StoredFiles;
  /** Of these, what is on stable storage. */
  readonly synced: StoredFiles;
  readonly store: WatchedStore;
}

/** A life with its beginning and the calls that can fail in it. */
export interface PreparedLife {
  readonly life: FaultyLife;
  readonly beginning: Beginning;
  readonly sites: readonly FaultSite[];
  /** Complaints by what was asked: many cases end in the same files. */
  readonly asked: Map<string, readonly string[]>;
}

/** Every way in which a call of a method can fail. */
export function modesOf({ method }: FaultSite): FaultMode[] {
  // Letting go of a lock cannot fail in a way that keeps it; taking one either does or does not.
  if (method === 'release') return ['after:EIO', 'hang'];
  const errors: FaultMode[] = ['EIO', 'ENOSPC', 'EMFILE', 'EACCES', 'EDQUOT', 'hang'];
  if (method === 'read') return [...errors, 'short'];
  if (method === 'write') return [...errors, 'short', 'after:EIO'];
  // All was written, and it was the sync that failed.
  if (method === 'writeDurably') return [...errors, 'short', 'after:EIO', 'after:ENOSPC'];
  const leavesNoTrace = ['size', 'status', 'readDirectory', 'freeBytes', 'lock'].includes(method);
  return leavesNoTrace ? errors : [...errors, 'after:EIO'];
}

/** Lives what came before, and once without a failure, to see which calls there are. */
export async function prepare(life: FaultyLife): Promise<PreparedLife> {
  const disk = new FaultyFileSystem();
  await disk.makeDirectory(storeFolder);
  const store = new WatchedStore(disk);
  await life.before(store);
  const synced = disk.survivors(storeFolder);
  const beginning = { files: await readFiles(disk, storeFolder), synced, store };
  const { disk: healthy, store: lived } = await rig(beginning, undefined);
  await life.live(lived);
  const complaints = [...store.complaints, ...lived.complaints];
  if (complaints.length > 0) throw new Error(`without a failure: ${complaints.join('; ')}`);
  return { life, beginning, sites: [...healthy.sites], asked: new Map() };
}

/** What broke a law in this case: nothing, if all is well. */
export async function complaintsIn(prepared: PreparedLife, fault: DiskFault): Promise<string[]> {
  const { life, beginning } = prepared;
  const { inner, recorder, disk, store } = await rig(beginning, fault);
  await life.live(store);
  const isHanging = disk.wasMet && fault.mode === 'hang';
  await store.close();
  const { complaints } = store;
  if (!disk.wasMet) complaints.push('the fault was not met');
  if (!isHanging && disk.openCount > 0) complaints.push(`${disk.openCount} files stay open`);
  disk.heal();
  // A process that hangs has the lock until it is killed, which no test can do to itself.
  if (!isHanging && (await disk.lock(storeFolder)) === undefined) {
    complaints.push('the folder stays locked');
  }
  await expectIn(prepared, store, await readFiles(inner, storeFolder), 'crash');
  await expectIn(prepared, store, recorder.survivors(storeFolder), 'power cut');
  return complaints;
}

/** Asks whether all is there in these files, unless the same was asked of the same files before. */
async function expectIn(
  { asked }: PreparedLife,
  store: WatchedStore,
  files: StoredFiles,
  what: 'crash' | 'power cut',
): Promise<void> {
  const hash = createHash('sha256').update(store.expectation(what));
  for (const [path, bytes] of files) hash.update(path).update(bytes);
  const question = hash.digest('base64');
  const known = asked.get(question);
  if (known === undefined) {
    const before = store.complaints.length;
    await store.expectIn(await fileSystemWith(storeFolder, files), what);
    asked.set(question, store.complaints.slice(before));
  } else {
    store.complaints.push(...known);
  }
}

interface Rig {
  readonly inner: MemoryFileSystem;
  readonly recorder: FaultyFileSystem;
  readonly disk: NumberedDisk;
  readonly store: WatchedStore;
}

async function rig(
  { files, synced, store: before }: Beginning,
  fault: DiskFault | undefined,
): Promise<Rig> {
  const inner = await fileSystemWith(storeFolder, files);
  const recorder = new FaultyFileSystem(inner);
  recorder.assumeSynced(storeFolder, synced);
  const disk = new NumberedDisk(recorder, fault);
  return { inner, recorder, disk, store: new WatchedStore(disk, disk.hung, before) };
}
