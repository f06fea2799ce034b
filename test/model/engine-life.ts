/**
 * A store beside its model, on a disk that a crash or a power cut may take at any moment.
 *
 * A number is a command, whatever number it is, so that lives are cheap to make and easy to make
 * shorter. The model knows of each name its versions, by their numbers and contents, and nothing of
 * chunks, logs or indexes. After a crash it must be what the store shows; after a power cut that
 * must be what the model was after some command since the last that was safe. Time passes when a
 * command says so: it ends locks, and what retention keeps for a while.
 *
 * @module
 */

import { toHex } from '../../src/base/bytes.ts';
import { ObjectsError } from '../../src/base/errors.ts';
import { Engine } from '../../src/engine/engine.ts';
import type {
  BucketRecord,
  Durability,
  ObjectVersion,
  RetentionRule,
} from '../../src/engine/model.ts';
import { editedText, generatedBytes } from '../support/content.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';
import { fileSystemWith, readFiles, type StoredFiles } from '../support/stored-files.ts';
import {
  complaintsAbout,
  contentOf,
  storeFolder,
  TestClock,
  testPlatform,
  upload,
} from '../support/test-engine.ts';
import {
  dayMs,
  hourMs,
  isLocked,
  modelRules,
  removedBy,
  type ModelVersion,
} from './retention-oracle.ts';

const names = ['a', 'a/b', 'c'];
const bucketNames = ['kept', 'plain'] as const;

/**
 * One byte, a chunk, a few chunks, and more than goes into the journal; they share beginnings. And
 * texts that resemble each other, so that they become deltas.
 */
const contents: readonly Uint8Array[] = [
  ...[1, 60, 200, 420, 700].map((byteCount) => generatedBytes(9, byteCount)),
  ...[1, 2, 3].map((edit) => editedText(8, 250, edit)),
  ...[1, 2].map((edit) => editedText(7, 1200, edit)),
];
const chunking = { minBytes: 64, averageBytes: 128, maxBytes: 512 };

/** All versions by `bucket/name`, newest first. The lists are never changed, only replaced. */
type Model = ReadonlyMap<string, readonly ModelVersion[]>;

/** How long locks hold, and how much time passes at once. */
const spansMs = [60_000, hourMs, 5 * hourMs, dayMs];

/** A clock that does not wait, so that thousands of lives fit in a minute. */
class HastyClock extends TestClock {
  override yield(): Promise<void> {
    return Promise.resolve();
  }
}

export class EngineLife {
  #disk = new FaultyFileSystem();
  #clock = new HastyClock();
  #engine!: Engine;
  #model: Model = new Map();
  /** What a power cut may lead back to, oldest first. The last is the model. */
  #past: Model[] = [];
  readonly #rootsByContent = new Map<number, string>();

  /** Lives a life, and compares everything at its end. */
  async live(commands: readonly number[]): Promise<void> {
    await this.#open();
    for (const command of commands) await this.#perform(command);
    await this.#compare([this.#model]);
    const complaints = await complaintsAbout(this.#engine);
    if (complaints.length > 0) throw new Error(complaints.join('; '));
    await this.#engine.close();
  }

  async #open(): Promise<void> {
    this.#engine = await Engine.open({
      platform: testPlatform({ fileSystem: this.#disk, clock: this.#clock }),
      directory: storeFolder,
      createIfMissing: true,
      chunking,
      inlineBytesMax: 400,
      roomAhead: { afterWrites: 2, smallBytes: 1024, bytes: 8192 },
      compaction: 'manual',
      reserveBytes: 0,
    });
    for (const name of bucketNames) {
      await this.#engine.ensureBucket(name, name === 'kept' ? { versioned: true } : {});
    }
    this.#past = [this.#model];
  }

  async #perform(command: number): Promise<void> {
    const kind = command % 36;
    const choice = Math.floor(command / 36);
    const durability = kind % 3 === 0 ? 'os' : 'power';
    if (kind < 12) await this.#upload(choice, durability);
    else if (kind < 16) await this.#remove(choice);
    else if (kind < 20) await this.#purge(choice);
    else if (kind < 22) await this.#link(choice);
    else if (kind < 25) await this.#read(choice);
    else if (kind === 25) await this.#compare([this.#model]);
    else if (kind === 26) await this.#compact(choice);
    else if (kind === 27) await this.#sync();
    else if (kind === 28) await this.#reopen();
    else if (kind === 29) await this.#crashDuringUpload(choice);
    else if (kind === 30) await this.#crash();
    else if (kind === 31) await this.#powerCut();
    else if (kind === 32) await this.#prune(choice);
    else if (kind === 33) await this.#crashDuringPrune(choice);
    else if (kind === 34) await this.#lock(choice);
    else this.#clock.timeMs += spansMs[choice % spansMs.length] as number;
  }

  async #upload(choice: number, durability: Durability): Promise<void> {
    const { bucket, key, name } = this.#target(choice);
    const content = (choice >> 4) % contents.length;
    const bytes = contents[content] as Uint8Array;
    const uploading = upload(this.#engine, bucket, name, bytes, durability);
    if (this.#mayNotBeReplaced(bucket, key)) return mustFail(uploading, 'VERSION_LOCKED');
    const { lsn, root, timeMs } = await uploading;
    this.#rootsByContent.set(content, toHex(root.id.digest));
    this.#change(this.#withNewest(key, { lsn, content, timeMs }), durability);
  }

  async #remove(choice: number): Promise<void> {
    const { bucket, key, name } = this.#target(choice);
    const isThere = (this.#model.get(key)?.[0]?.content ?? -1) >= 0;
    const removing = this.#engine.remove(bucket, name);
    if (!isThere) return mustFail(removing, 'NOT_FOUND');
    if (this.#mayNotBeReplaced(bucket, key)) return mustFail(removing, 'VERSION_LOCKED');
    await removing;
    if (!bucket.versioned) return this.#change(this.#with(key, []), 'power');
    const [marker] = await this.#engine.versions.versions(bucket.id, { prefix: name }, 1);
    const { lsn = 0, timeMs = 0 } = marker?.version ?? {};
    this.#change(this.#withNewest(key, { lsn, content: -1, timeMs }), 'power');
  }

  async #purge(choice: number): Promise<void> {
    const { bucket, key, name } = this.#target(choice);
    const versions = this.#model.get(key) ?? [];
    const version = versions[(choice >> 4) % Math.max(1, versions.length)];
    const purging = this.#engine.purge(bucket, name, version?.lsn ?? 1);
    if (version === undefined) return mustFail(purging, 'NOT_FOUND');
    if (isLocked(version, this.#clock.timeMs)) return mustFail(purging, 'VERSION_LOCKED');
    await purging;
    const rest = versions.filter((other) => other !== version);
    this.#change(this.#with(key, rest), 'power');
  }

  async #link(choice: number): Promise<void> {
    const from = await this.#currentOf(choice);
    const { bucket, key, name } = this.#target(choice >> 3);
    if (from === undefined) return;
    const linking = this.#engine.link({ bucket, name, from: from.version });
    if (this.#mayNotBeReplaced(bucket, key)) return mustFail(linking, 'VERSION_LOCKED');
    const { lsn, timeMs } = await linking;
    this.#change(this.#withNewest(key, { lsn, content: from.content, timeMs }), 'power');
  }

  async #read(choice: number): Promise<void> {
    const found = await this.#currentOf(choice);
    if (found === undefined) return;
    const bytes = await contentOf(this.#engine, found.version);
    if (Buffer.compare(bytes, contents[found.content] as Uint8Array) !== 0) {
      throw new Error(`wrong bytes of ${this.#target(choice).key}`);
    }
  }

  /** All content is what it was, and an upload may come in between. */
  async #compact(choice: number): Promise<void> {
    const compacting = this.#engine.compact({ optimize: choice % 4 !== 0 });
    if (choice % 2 === 1) await this.#upload(choice >> 2, 'power');
    await compacting;
  }

  /** Locks a version, for longer than it was or for less, which changes nothing. */
  async #lock(choice: number): Promise<void> {
    const { bucket, key, name } = this.#target(choice);
    const versions = this.#model.get(key) ?? [];
    const version = versions[(choice >> 4) % Math.max(1, versions.length)];
    if (version === undefined || version.content < 0) return;
    const spanMs = spansMs[(choice >> 8) % spansMs.length] as number;
    const untilMs = this.#clock.timeMs + spanMs;
    await this.#engine.lock(bucket, name, version.lsn, untilMs);
    const lockedUntilMs = Math.max(version.lockedUntilMs ?? 0, untilMs);
    const locked = versions.map((each) => (each === version ? { ...each, lockedUntilMs } : each));
    this.#change(this.#with(key, locked), 'power');
  }

  /** What the rule does not keep goes, and nothing else. */
  async #prune(choice: number): Promise<void> {
    const rule = modelRules[choice % modelRules.length] as RetentionRule;
    const after = this.#pruned(rule).at(-1) as Model;
    await this.#pruneNow(rule);
    this.#change(after, 'power');
    await this.#compare([after]);
  }

  /** The process ends while it prunes: what was to go is gone, up to some version of it. */
  async #crashDuringPrune(choice: number): Promise<void> {
    const rule = modelRules[choice % modelRules.length] as RetentionRule;
    const pruning = this.#pruneNow(rule);
    for (let turn = (choice >> 3) % 512; turn > 0; turn--) await Promise.resolve();
    const { files, synced } = await this.#disk.crashed(storeFolder);
    await pruning;
    await this.#continueWith(files, this.#pruned(rule), synced);
  }

  async #pruneNow(rule: RetentionRule): Promise<void> {
    const buckets = [{ bucket: this.#bucket('kept'), rule }];
    await this.#engine.pruner.prune({ buckets, isDryRun: false });
  }

  /** The model as it is, and after each removal: content before delete markers, oldest first. */
  #pruned(rule: RetentionRule): Model[] {
    const doomed = names.flatMap((name) => {
      const key = `kept/${name}`;
      const removed = removedBy(this.#model.get(key) ?? [], rule, this.#clock.timeMs);
      return removed.map((version) => ({ key, version }));
    });
    const isMarker = ({ version }: (typeof doomed)[number]): boolean => version.content < 0;
    const oldestFirst = doomed.toReversed();
    const inOrder = [
      ...oldestFirst.filter((one) => !isMarker(one)),
      ...oldestFirst.filter(isMarker),
    ];
    const models = [this.#model];
    for (const { key, version } of inOrder) {
      const before = models.at(-1) as Model;
      const rest = (before.get(key) ?? []).filter((each) => each !== version);
      models.push(new Map(before).set(key, rest));
    }
    return models;
  }

  /** Without versions, what is locked cannot be written over or removed. */
  #mayNotBeReplaced({ versioned }: BucketRecord, key: string): boolean {
    const [current] = this.#model.get(key) ?? [];
    return !versioned && current !== undefined && isLocked(current, this.#clock.timeMs);
  }

  async #sync(): Promise<void> {
    await this.#engine.sync();
    this.#past = [this.#model];
  }

  async #reopen(): Promise<void> {
    await this.#engine.close();
    await this.#open();
    await this.#compare([this.#model]);
  }

  /** The process ends: the files are as they are. */
  async #crash(): Promise<void> {
    const files = await readFiles(this.#disk, storeFolder);
    await this.#continueWith(files, [this.#model]);
  }

  /** The machine ends: what is left is what was synced. */
  async #powerCut(): Promise<void> {
    await this.#continueWith(this.#disk.survivors(storeFolder), this.#past);
  }

  /** The process ends while an upload is on its way: afterwards it is there, whole, or not. */
  async #crashDuringUpload(choice: number): Promise<void> {
    const before = this.#model;
    const uploading = this.#upload(choice >> 6, 'power');
    for (let turn = choice % 64; turn > 0; turn--) await Promise.resolve();
    const { files, synced } = await this.#disk.crashed(storeFolder);
    await uploading;
    await this.#continueWith(files, [before, this.#model], synced);
  }

  async #continueWith(
    files: StoredFiles,
    possible: readonly Model[],
    synced: StoredFiles = this.#disk.survivors(storeFolder),
  ): Promise<void> {
    const ended = this.#engine;
    this.#disk = new FaultyFileSystem(await fileSystemWith(storeFolder, files));
    this.#disk.assumeSynced(storeFolder, synced);
    const { timeMs } = this.#clock;
    this.#clock = new HastyClock();
    this.#clock.timeMs = timeMs;
    await this.#open();
    await this.#compare(possible);
    // The process that ended has nothing to do with this disk any more.
    await ended.close();
  }

  /** The store shows what one of these models says; that one is the model from here on. */
  async #compare(possible: readonly Model[]): Promise<void> {
    const shown = await this.#shown();
    const model = possible.findLast((each) => this.#describe(each) === shown);
    if (model === undefined) {
      const wanted = possible.map((each) => this.#describe(each)).join('\n or ');
      throw new Error(`the store shows\n    ${shown}\n not ${wanted}`);
    }
    if (possible.length > 1 || model !== this.#model) this.#past = [model];
    this.#model = model;
  }

  async #shown(): Promise<string> {
    const lines: string[] = [];
    for (const name of bucketNames) {
      const bucket = this.#bucket(name);
      for (const entry of await this.#engine.versions.versions(bucket.id, {}, 1000)) {
        const { version } = entry;
        const { lockedUntilMs = 0, root } = version.kind === 'object' ? version : {};
        const what = root === undefined ? 'gone' : toHex(root.id.digest);
        lines.push(`${name}/${entry.name}@${version.lsn}=${what} until ${lockedUntilMs}`);
      }
    }
    return lines.join(' ');
  }

  #describe(model: Model): string {
    const lines: string[] = [];
    for (const bucket of bucketNames) {
      for (const name of names) {
        for (const { lsn, content, lockedUntilMs = 0 } of model.get(`${bucket}/${name}`) ?? []) {
          const what = this.#rootsByContent.get(content) ?? 'gone';
          lines.push(`${bucket}/${name}@${lsn}=${what} until ${lockedUntilMs}`);
        }
      }
    }
    return lines.join(' ');
  }

  #change(model: Model, durability: Durability): void {
    this.#model = model;
    this.#past = durability === 'power' ? [model] : [...this.#past, model];
  }

  #with(key: string, versions: readonly ModelVersion[]): Model {
    return new Map(this.#model).set(key, versions);
  }

  #withNewest(key: string, version: ModelVersion): Model {
    const before = key.startsWith('kept/') ? (this.#model.get(key) ?? []) : [];
    return this.#with(key, [version, ...before]);
  }

  async #currentOf(
    choice: number,
  ): Promise<{ readonly version: ObjectVersion; readonly content: number } | undefined> {
    const { bucket, key, name } = this.#target(choice);
    const content = this.#model.get(key)?.[0]?.content ?? -1;
    const version = await this.#engine.versions.current(bucket.id, name);
    if ((version === undefined) !== content < 0) throw new Error(`${key} is not as it was`);
    return version && { version, content };
  }

  #target(choice: number): { readonly bucket: BucketRecord; readonly key: string; name: string } {
    const bucket = this.#bucket(bucketNames[choice % 2] as 'kept');
    const name = names[(choice >> 1) % names.length] as string;
    return { bucket, key: `${bucket.name}/${name}`, name };
  }

  #bucket(name: string): BucketRecord {
    const bucket = this.#engine.bucket(name);
    if (bucket === undefined) throw new Error(`the bucket ${name} is lost`);
    return bucket;
  }
}

async function mustFail(
  action: Promise<unknown>,
  code: 'NOT_FOUND' | 'VERSION_LOCKED',
): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (error instanceof ObjectsError && error.code === code) return;
    throw error;
  }
  throw new Error(`it worked, and should not have: ${code}`);
}
