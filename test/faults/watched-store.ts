/**
 * A store that is used on a disk that may fail, and that remembers what it was told.
 *
 * Every call either succeeds, and then what it acknowledged must be there for ever after; or it
 * fails with an error of ours, and then what it would have done must not have happened, unless the
 * error is `INDETERMINATE`. {@link WatchedStore.expectIn} asks a disk whether that is so.
 *
 * @module
 */

import { Session } from '../../src/api/session.ts';
import { Store } from '../../src/api/store.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { ObjectsError, type ObjectsErrorCode } from '../../src/index.ts';
import { smallChunking, storeFolder, TestClock, testPlatform } from '../support/test-engine.ts';

/** A store as a caller has it, on a disk of the test's. */
function storeOn(fileSystem: FileSystem, clock: TestClock = new TestClock()): Store {
  const platform = testPlatform({ fileSystem, clock });
  const options = { platform, directory: storeFolder, createIfMissing: true };
  return new Store(
    new Session(platform.clock, () =>
      Engine.open({
        ...options,
        chunking: smallChunking,
        inlineBytesMax: 2048,
        roomAhead: { afterWrites: 1, smallBytes: 1024, bytes: 8192 },
      }),
    ),
  );
}

/** What a name may lead to: one of these contents, or with `undefined` nothing. */
type Possible = ReadonlySet<Uint8Array | undefined>;

/** How a call ended: `undefined` if it succeeded. `cut`: it was given up with a disk that hangs. */
export type Ending = ObjectsErrorCode | 'cut' | undefined;

/** How long a call may take that meets no disk that hangs. A net, not a promise. */
const patienceMs = 10_000;

/** The buckets that are used, and whether they keep versions. */
const buckets = { kept: true, plain: false } as const;
export type BucketName = keyof typeof buckets;

export class WatchedStore {
  /** What broke a law, in words. */
  readonly complaints: string[] = [];
  readonly #disk: FileSystem;
  /** Resolves when a call of the disk hangs for ever. */
  readonly #hung: Promise<void>;
  readonly #abort = new AbortController();
  readonly #clock = new TestClock();
  #store: Store | undefined;
  /** The process is given up: the disk hangs. */
  #isCut = false;
  /** What `bucket/name` may hold after a crash; and after a power cut. */
  readonly #afterCrash: Map<string, Possible> = new Map();
  readonly #afterPowerCut: Map<string, Possible> = new Map();
  /** Versions that must be there, until somebody tried to take them away. */
  readonly #versions: Map<string, { readonly key: string; readonly content: Uint8Array }> =
    new Map();

  /** @param before - Goes on where that one is: it remembers what that one was told. */
  constructor(
    disk: FileSystem,
    hung: Promise<void> = new Promise(() => undefined),
    before?: WatchedStore,
  ) {
    this.#disk = disk;
    this.#hung = hung;
    if (before === undefined) return;
    this.#afterCrash = new Map(before.#afterCrash);
    this.#afterPowerCut = new Map(before.#afterPowerCut);
    this.#versions = new Map(before.#versions);
  }

  async open(): Promise<Ending> {
    if (this.#store !== undefined) return undefined;
    const store = storeOn(this.#disk, this.#clock);
    return this.#try('open', false, async () => {
      await store.buckets().next();
      this.#store = store;
    });
  }

  async close(): Promise<Ending> {
    const ending = await this.#try('close', false, (store) => store.close());
    this.#store = undefined;
    return ending;
  }

  async upload(
    bucket: BucketName,
    name: string,
    content: Uint8Array,
    durability: 'power' | 'os' = 'power',
  ): Promise<Ending> {
    const key = `${bucket}/${name}`;
    return this.#change(`upload ${key}`, key, content, durability, async (store, signal) => {
      const options = { durability, signal };
      const { version } = await handleOf(store, bucket).upload(name, pieces(content), options);
      if (version !== undefined && durability === 'power') {
        this.#versions.set(version, { key, content });
      }
    });
  }

  async copy(bucket: BucketName, from: string, to: string): Promise<Ending> {
    const source = [...(this.#afterCrash.get(`${bucket}/${from}`) ?? [])][0];
    const key = `${bucket}/${to}`;
    return this.#change(`copy to ${key}`, key, source, 'power', async (store) => {
      await handleOf(store, bucket).copy(from, to);
    });
  }

  async remove(bucket: BucketName, name: string): Promise<Ending> {
    const key = `${bucket}/${name}`;
    return this.#change(`remove ${key}`, key, undefined, 'power', (store) =>
      handleOf(store, bucket).remove(name),
    );
  }

  /** Purges the newest version that is known of a name. */
  async purge(name: string): Promise<Ending> {
    const key = `kept/${name}`;
    const known = [...this.#versions].filter(([, version]) => version.key === key);
    const [id] = known.at(-1) ?? [];
    if (id === undefined) return undefined;
    const before = known.at(-2)?.[1].content;
    const ending = await this.#change(`purge ${key}`, key, before, 'power', (store) =>
      handleOf(store, 'kept').remove(name, { version: id }),
    );
    if (ending === undefined || isUnknown(ending)) this.#versions.delete(id);
    return ending;
  }

  /** Reads a name, whole, in part and as a stream. */
  async read(bucket: BucketName, name: string): Promise<Ending> {
    const possible = this.#possible(`${bucket}/${name}`);
    return this.#try(`read ${bucket}/${name}`, true, async (store, signal) => {
      const handle = handleOf(store, bucket);
      const whole = await handle.download(name, { signal }).catch((error: unknown) => {
        const isMissing = error instanceof ObjectsError && error.code === 'NOT_FOUND';
        if (isMissing && !possible.has(undefined)) throw new Error(`${name} is lost`);
        throw error;
      });
      const content = [...possible].find((each) => each !== undefined && isSame(each, whole));
      if (content === undefined) throw new Error(`wrong content of ${name}`);
      const range = { start: whole.length >> 1 };
      const stream = handle.downloadStream(name, { range, signal });
      const parts: Uint8Array[] = [];
      for await (const part of stream) parts.push(part);
      if (!isSame(Buffer.concat(parts), content.subarray(range.start))) {
        throw new Error(`wrong bytes in a range of ${name}`);
      }
    });
  }

  /** Lists everything and asks for totals. */
  async list(): Promise<Ending> {
    return this.#try('list', true, async (store, signal) => {
      for (const bucket of Object.keys(buckets)) {
        for await (const { name } of store.bucket(bucket).list({ signal })) {
          const possible = this.#possible(`${bucket}/${name}`);
          if (![...possible].some((content) => content !== undefined)) {
            throw new Error(`${name} has risen`);
          }
        }
      }
    });
  }

  async stats(): Promise<Ending> {
    return this.#try('stats', false, async (store) => void (await store.stats()));
  }

  async sync(): Promise<Ending> {
    const ending = await this.#try('sync', false, (store) => store.sync());
    if (ending === undefined) this.#settle();
    return ending;
  }

  async verify(): Promise<Ending> {
    return this.#try('verify', true, async (store, signal) => {
      await store.verify({ signal });
    });
  }

  async compact(options: { readonly optimize?: boolean } = {}): Promise<Ending> {
    return this.#try('compact', true, async (store, signal) => {
      await store.compact({ ...options, signal });
    });
  }

  async backup(folder: string): Promise<Ending> {
    return this.#try('backup', true, async (store, signal) => {
      await store.backup(folder, { signal });
    });
  }

  /** What {@link expectIn} will ask, as text: the same for stores that were told the same. */
  expectation(what: 'crash' | 'power cut'): string {
    const expected = what === 'crash' ? this.#afterCrash : this.#afterPowerCut;
    const lengths = [...expected].map(([key, possible]) => {
      return `${key}=${[...possible].map((content) => content?.length ?? 'nothing').join('|')}`;
    });
    const versions = [...this.#versions].map(([id, { key, content }]) => {
      return `${key}@${id}=${content.length}`;
    });
    return [what, ...lengths, ...versions].join(' ');
  }

  /** Whether everything that was acknowledged is on this disk; complains if not. */
  async expectIn(disk: FileSystem, what: 'crash' | 'power cut'): Promise<void> {
    const expected = what === 'crash' ? this.#afterCrash : this.#afterPowerCut;
    const say = (text: string): void => void this.complaints.push(`after a ${what}: ${text}`);
    const store = storeOn(disk);
    try {
      for (const [key, possible] of expected) {
        const [bucket, name] = key.split('/') as [BucketName, string];
        const handle = handleOf(store, bucket);
        const isThere = await handle.exists(name);
        const found = isThere ? await handle.download(name) : undefined;
        if (![...possible].some((each) => isSame(each, found))) {
          say(`${key} holds ${found?.length ?? 'nothing'}`);
        }
      }
      for (const [version, { key, content }] of this.#versions) {
        const [bucket, name] = key.split('/') as [BucketName, string];
        const found = await handleOf(store, bucket).download(name, { version });
        if (!isSame(found, content)) say(`a version of ${key} holds ${found.length}`);
      }
      const { ok, problems, damaged } = await store.verify();
      if (!ok) say([...problems, ...damaged.map(({ reason }) => reason)].join('; '));
      await store.bucket('plain').upload('after', 'well again');
      await store.close();
    } catch (error) {
      say(textOf(error));
    }
  }

  #possible(key: string): Possible {
    return this.#afterCrash.get(key) ?? new Set([undefined]);
  }

  async #change(
    what: string,
    key: string,
    content: Uint8Array | undefined,
    durability: 'power' | 'os',
    action: (store: Store, signal: AbortSignal) => Promise<void>,
  ): Promise<Ending> {
    const before = this.#possible(key);
    const ending = await this.#try(what, what.startsWith('upload'), action);
    if (ending !== undefined && !isUnknown(ending)) return ending;
    this.#afterCrash.set(key, new Set(isUnknown(ending) ? [...before, content] : [content]));
    const kept = this.#afterPowerCut.get(key) ?? new Set([undefined]);
    this.#afterPowerCut.set(key, new Set([...kept, content]));
    if (ending === undefined && durability === 'power') this.#settle();
    return ending;
  }

  /** Everything acknowledged so far is on stable storage. */
  #settle(): void {
    for (const [key, possible] of this.#afterCrash) this.#afterPowerCut.set(key, possible);
  }

  /** Runs a call and says how it ended. Complains of an error that is none of ours. */
  async #try(
    what: string,
    hasSignal: boolean,
    action: (store: Store, signal: AbortSignal) => Promise<void>,
  ): Promise<Ending> {
    const store = this.#store;
    if (this.#isCut || (store === undefined && what !== 'open')) return 'CLOSED';
    const { signal } = this.#abort;
    const running = action(store as Store, signal).then(
      () => undefined,
      (error: unknown) => this.#judge(what, error),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Ending>((resolve) => {
      timer = setTimeout(() => {
        this.complaints.push(`${what} pends`);
        resolve('cut');
      }, patienceMs);
    });
    const given = this.#hung.then((): Ending | Promise<Ending> => {
      this.#isCut = true;
      if (!hasSignal) return 'cut';
      this.#abort.abort();
      return this.#afterPatience(running);
    });
    try {
      return await Promise.race([running, late, given]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Lets time pass until a call has settled whose signal has fired. */
  async #afterPatience(running: Promise<Ending>): Promise<Ending> {
    for (let turn = 0; turn < 1000; turn++) {
      this.#clock.runScheduled();
      const ending = await Promise.race([running, this.#clock.yield().then(() => 'cut' as const)]);
      if (ending !== 'cut') return ending;
    }
    return running;
  }

  #judge(what: string, error: unknown): Ending {
    if (error instanceof ObjectsError && sensible.has(error.code)) return error.code;
    this.complaints.push(`${what} failed with ${textOf(error)}`);
    return error instanceof ObjectsError ? error.code : 'IO';
  }
}

/** What may be said of a disk that fails. Not that content is damaged: nobody knows that. */
const sensible: ReadonlySet<ObjectsErrorCode> = new Set<ObjectsErrorCode>([
  'ABORTED',
  'CLOSED',
  'FULL',
  'INDETERMINATE',
  'IO',
  'NOT_FOUND',
]);

/** Whether what was asked for may have happened. */
function isUnknown(ending: Ending): boolean {
  return ending === 'INDETERMINATE' || ending === 'cut';
}

function handleOf(store: Store, bucket: BucketName): ReturnType<Store['bucket']> {
  return store.bucket(bucket, { versioned: buckets[bucket] });
}

/** Content as a stream gives it. */
async function* pieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  const half = content.length >> 1;
  yield await Promise.resolve(content.subarray(0, half));
  yield content.subarray(half);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

function textOf(error: unknown): string {
  return error instanceof ObjectsError ? `${error.code}: ${error.message}` : String(error);
}
