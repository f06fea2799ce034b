/**
 * Lives with a LevelDB that misbehaves while it is used: it gives older rows, flips bits, or fails
 * to write and goes on. Whatever it does, every answer is right, or is an error that says that the
 * index is not to be trusted; and after closing and opening again all that was acknowledged is
 * there.
 *
 * A deed that ends with an error has happened, or not: looked at after opening again it must be
 * one of the two.
 */

import type { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { answersOf, latin1, Violation } from './answers.ts';
import { noMisbehaviour, type Misbehaviour } from './database.ts';
import { DirectoryNode } from './disk.ts';
import { Machine } from './machine.ts';
import { outcomeOf } from './oracle.ts';
import { Random } from './random.ts';
import { once } from './session.ts';
import type { Target } from './target.ts';
import { bytesOf, type BucketName, type Content, type Deed } from './deed.ts';

/** What LevelDB does wrong in a life. */
export type Fault = 'stale' | 'flips' | 'failsToWrite';

/** What came of a life. */
export interface LifeFigures {
  deeds: number;
  /** Errors that said so. */
  named: number;
  /** Rows that were given wrong, or not written. */
  faults: number;
}

type ModelVersions = readonly (Content | 'marker')[];

const contents: readonly Content[] = [
  'text 1 20',
  'bytes 2 90',
  'bytes 3 900',
  'bytes 4 2500',
  'bytes 5 4000',
];
const byBytes = new Map(contents.map((one) => [latin1([bytesOf(one)]), one]));
const names = ['a', 'b', 'c'];

/** Errors that a caller can tell from an answer. */
const honest = new Set(['CORRUPT', 'IO', 'INDETERMINATE']);

/** Lives a life. Throws a {@link Violation} for an answer that is wrong. */
export async function liveBeside(target: Target, fault: Fault, seed: number): Promise<LifeFigures> {
  const life = new FaultyLife(target, fault, new Random(seed));
  try {
    await life.live();
    return life.figures;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Violation(`${fault}, seed ${seed}, after ${life.figures.deeds} deeds: ${what}`, {
      cause: error,
    });
  }
}

class FaultyLife {
  readonly figures: LifeFigures = { deeds: 0, named: 0, faults: 0 };
  readonly #target: Target;
  readonly #fault: Fault;
  readonly #random: Random;
  readonly #root = new DirectoryNode();
  readonly #model = new Map<string, ModelVersions>();
  #engine!: Engine;

  constructor(target: Target, fault: Fault, random: Random) {
    this.#target = target;
    this.#fault = fault;
    this.#random = random;
  }

  async live(): Promise<void> {
    await this.#open(noMisbehaviour);
    await this.#engine.ensureBucket('notes', { versioned: true });
    await this.#engine.ensureBucket('drafts', {});
    for (let session = 0; session < 3; session++) {
      await this.#reopen(this.#misbehaviour());
      for (let step = 0; step < 12; step++) {
        this.figures.deeds++;
        if (!(await this.#step())) break;
      }
      await this.#reopen(noMisbehaviour);
      await this.#compareAll();
    }
    const { damaged, problems } = await this.#engine.verify({});
    const complaints = [...problems, ...damaged.map(({ name, reason }) => `${name}: ${reason}`)];
    if (complaints.length > 0) throw new Violation(complaints.join('; '));
    await this.#engine.close();
  }

  #misbehaviour(): Misbehaviour {
    const random = this.#random;
    const happens = (oneIn = 40): boolean => {
      const isWrong = random.below(oneIn) === 0;
      if (isWrong) this.figures.faults++;
      return isWrong;
    };
    switch (this.#fault) {
      case 'stale':
        return {
          ...noMisbehaviour,
          stale: (_, count) => (count > 0 && happens(2) ? random.below(count) : undefined),
        };
      case 'flips':
        return { ...noMisbehaviour, flips: () => happens() };
      case 'failsToWrite':
        return { ...noMisbehaviour, failsToWrite: () => happens() };
    }
  }

  async #open(misbehaviour: Misbehaviour): Promise<void> {
    const seed = this.#random.below(2 ** 31);
    const machine = new Machine({ root: this.#root, seed, misbehaviour });
    this.#engine = await machine.open(this.#target);
  }

  /** However closing ends: what was acknowledged is in the log. */
  async #reopen(misbehaviour: Misbehaviour): Promise<void> {
    await this.#honestly(() => this.#engine.close());
    const opened = await this.#honestly(() => this.#open(misbehaviour));
    if (opened === undefined) await this.#open(noMisbehaviour);
  }

  /** `undefined`: it ended with an error that says that something is wrong. */
  async #honestly<T>(action: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await action() };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && honest.has(String(error.code)))) {
        throw error;
      }
      this.figures.named++;
      return undefined;
    }
  }

  /** One deed. `false`: it ended with an error, and the store is to be opened again. */
  async #step(): Promise<boolean> {
    const random = this.#random;
    const bucket = random.of(['notes', 'drafts'] as const);
    const name = random.of(names);
    switch (random.below(12)) {
      case 0:
        return this.#maintain(() => this.#engine.compact({}));
      case 1:
        return this.#maintain(() => this.#engine.totals());
      case 2:
      case 3:
        return this.#read(bucket, name);
      case 4:
        return (await this.#honestly(() => this.#compareAll())) !== undefined;
      case 5:
        return this.#change({ kind: 'copy', bucket, name, from: random.of(names) });
      case 6:
      case 7:
        return this.#change({ kind: 'remove', bucket, name });
      case 8:
        return this.#change({ kind: 'purge', bucket, name, nth: random.below(2) });
      default: {
        const content = random.of(contents);
        return this.#change({ kind: 'upload', bucket, name, content, durability: 'power' });
      }
    }
  }

  async #maintain(action: () => Promise<unknown>): Promise<boolean> {
    return (await this.#honestly(action)) !== undefined;
  }

  /** What a name is now, by the way of a download. */
  async #read(bucketName: BucketName, name: string): Promise<boolean> {
    const found = await this.#honestly(async () => {
      const bucket = this.#bucket(bucketName);
      const version = await this.#engine.versions.current(bucket.id, name);
      if (version === undefined) return undefined;
      const parts: Uint8Array[] = [];
      const range = { start: 0, end: version.sizeBytes };
      for await (const part of this.#engine.read(version, range)) parts.push(part);
      return byBytes.get(latin1(parts)) ?? 'unknown content';
    });
    if (found === undefined) return false;
    const [newest] = this.#versions(bucketName, name);
    const expected = newest === 'marker' ? undefined : newest;
    if (found.value === expected) return true;
    throw new Violation(`${bucketName}/${name} is ${found.value}, and should be ${expected}`);
  }

  async #change(deed: Extract<Deed, { name: string }>): Promise<boolean> {
    const before = this.#versions(deed.bucket, deed.name);
    const source = deed.kind === 'copy' ? this.#versions(deed.bucket, deed.from) : [];
    const after = outcomeOf(deed, before, source);
    const done = await this.#honestly(() => this.#ask(deed));
    if (done !== undefined) {
      if (done.value !== (after !== undefined)) {
        throw new Violation(`${JSON.stringify(deed)}: ${done.value ? 'done' : 'not found'}`);
      }
      this.#model.set(`${deed.bucket}/${deed.name}`, after ?? before);
      return true;
    }
    await this.#reopen(noMisbehaviour);
    const { found } = await answersOf(this.#engine, byBytes);
    const state = found.states.get(`${deed.bucket}/${deed.name}`) ?? '';
    const outcome = [before, after ?? before].find((versions) => versions.join('; ') === state);
    if (outcome === undefined) {
      throw new Violation(`${JSON.stringify(deed)} was refused and left "${state}"`);
    }
    this.#model.set(`${deed.bucket}/${deed.name}`, outcome);
    return false;
  }

  /** `false`: there was nothing to change. */
  async #ask(deed: Extract<Deed, { name: string }>): Promise<boolean> {
    const engine = this.#engine;
    const bucket = this.#bucket(deed.bucket);
    const { name } = deed;
    try {
      switch (deed.kind) {
        case 'upload':
          await engine.upload({
            bucket,
            name,
            body: once(bytesOf(deed.content)),
            durability: 'power',
          });
          return true;
        case 'copy': {
          const from = await engine.versions.current(bucket.id, deed.from);
          if (from === undefined) return false;
          await engine.link({ bucket, name, from });
          return true;
        }
        case 'remove':
          await engine.remove(bucket, name);
          return true;
        case 'purge': {
          const all = await engine.versions.versions(bucket.id, {}, 1000);
          const version = all.filter((one) => one.name === name)[deed.nth];
          if (version === undefined) return false;
          await engine.purge(bucket, name, version.version.lsn);
          return true;
        }
      }
    } catch (error) {
      // From a copy of the engine: not this class.
      const isNotFound = error instanceof Error && 'code' in error && error.code === 'NOT_FOUND';
      if (isNotFound) return false;
      throw error;
    }
  }

  async #compareAll(): Promise<void> {
    const { found } = await answersOf(this.#engine, byBytes).catch((error: unknown) => {
      const cause = error instanceof Error ? error.cause : undefined;
      throw cause instanceof Error && 'code' in cause ? cause : error;
    });
    for (const bucket of ['notes', 'drafts'] as const) {
      for (const name of names) {
        const state = found.states.get(`${bucket}/${name}`) ?? '';
        const expected = this.#versions(bucket, name).join('; ');
        if (state !== expected) {
          throw new Violation(`${bucket}/${name} is "${state}", and should be "${expected}"`);
        }
      }
    }
  }

  #versions(bucket: BucketName, name: string): ModelVersions {
    return this.#model.get(`${bucket}/${name}`) ?? [];
  }

  #bucket(name: BucketName): BucketRecord {
    return this.#engine.bucket(name) as BucketRecord;
  }
}
