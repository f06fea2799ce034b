/**
 * A workload lived through on the simulated machine, with all the moments at which it may crash.
 *
 * At every boundary the disk is kept as it is, together with what the oracle knows then: what was
 * answered before that, a crash must not lose.
 */

import type { Engine } from '../../src/engine/engine.ts';
import type { BucketRecord } from '../../src/engine/model.ts';
import { noMisbehaviour, type Misbehaviour } from './database.ts';
import { DirectoryNode, forkOf, settle } from './disk.ts';
import type { Course } from './file-system.ts';
import { drawnDelay, Machine, storeFolder, turns } from './machine.ts';
import { Oracle, outcomeOf, type Moment } from './oracle.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';
import { bytesOf, type Deed } from './deed.ts';
import type { Workload } from './workload.ts';

/** How long a call takes that a workload calls slow. */
const slowTurns = 300;

/** A moment at which the machine may stop. */
export interface CrashPoint {
  /** The call that had not taken effect yet. */
  readonly before: string;
  readonly root: DirectoryNode;
  readonly moment: Moment;
  /** The highest version id that anybody was told by then. */
  readonly lastLsn: number;
}

export interface Life {
  readonly oracle: Oracle;
  readonly points: readonly CrashPoint[];
}

export interface LifeOptions {
  readonly target: Target;
  readonly workload: Workload;
  readonly seed: number;
  readonly misbehaviour?: Misbehaviour;
  readonly onCall?: Course['onCall'];
}

/** Lives a workload to its end. */
export async function liveThrough(options: LifeOptions): Promise<Life> {
  const session = new Session(options);
  await session.prepare();
  for (const step of options.workload.steps) await session.perform(step);
  session.note('the end', '');
  return session;
}

class Session implements Life {
  readonly oracle = new Oracle();
  readonly points: CrashPoint[] = [];
  readonly #options: LifeOptions;
  readonly #random: Random;
  readonly #root = new DirectoryNode();
  readonly #course: Partial<Course>;
  #machine!: Machine;
  #engine!: Engine;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    // How much overtaking there is differs from one life to another.
    const delay = drawnDelay(this.#random, [0, 40, 6][options.seed % 3] as number);
    const { slow } = options.workload;
    this.#course = {
      delay: async (call, path) => {
        await delay();
        if (slow?.test(`${call} ${path}`) === true) await turns(slowTurns);
      },
      onBoundary: (call, path) => this.note(call, path),
      isShort: () => this.#random.below(6) === 0,
      ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    };
  }

  /** The next process. */
  async #open(): Promise<void> {
    const random = this.#random;
    this.#machine = new Machine({
      root: this.#root,
      seed: random.below(2 ** 31),
      course: this.#course,
      misbehaviour: this.#options.misbehaviour ?? {
        ...noMisbehaviour,
        lies: () => random.below(3) === 0,
      },
    });
    const { target, workload } = this.#options;
    this.#engine = await this.#machine.open(target, workload.hasParity ? { every: 4 } : undefined);
  }

  note(call: string, path: string): void {
    const { oracle } = this;
    const [moment, lastLsn] = [oracle.moment(), oracle.lastLsn];
    this.points.push({ before: `${call} ${path}`, root: forkOf(this.#root), moment, lastLsn });
  }

  /** Makes the store and its buckets; a crash of that is another workload's business. */
  async prepare(): Promise<void> {
    await this.#open();
    if (this.#options.workload.isBirth === true) return;
    await this.perform([{ kind: 'makeBucket', bucket: 'notes' }]);
    await this.perform([{ kind: 'makeBucket', bucket: 'drafts' }]);
    await this.perform([{ kind: 'reopen' }]);
    settle(this.#root);
    this.points.length = 0;
  }

  async perform(step: readonly Deed[]): Promise<void> {
    this.oracle.beginStep();
    await Promise.all(step.map((deed) => this.#do(deed)));
  }

  async #do(deed: Deed): Promise<void> {
    if (deed.withinTurns !== undefined) await turns(this.#random.below(deed.withinTurns));
    const before = this.oracle.moment();
    switch (deed.kind) {
      case 'makeBucket': {
        const id = this.oracle.ask(`bucket ${deed.bucket}`, ['bucket' as never], false);
        await this.#engine.ensureBucket(deed.bucket, { versioned: deed.bucket === 'notes' });
        this.oracle.answer(id, true);
        return;
      }
      case 'sync':
        await this.#engine.sync();
        this.oracle.secure(before);
        return;
      case 'timer':
        this.#machine.clock.runScheduled();
        return;
      case 'compact':
        await this.#engine.compact({});
        return;
      case 'giveUp':
        await this.#giveUp(this.#random.below(deed.turnsMax));
        return;
      case 'optimize':
        await this.#engine.compact({ optimize: true });
        return;
      case 'optimizeInParts':
        while (!(await this.#engine.compact({ optimize: true, maxMs: 150 })).isComplete);
        return;
      case 'settle':
        await this.#engine.totals();
        return;
      case 'reopen':
        await this.#engine.close();
        this.oracle.secure(before);
        await this.#open();
        return;
      case 'kill':
        this.#machine.fileSystem.end();
        await this.#open();
        // What has been read back and served is not lost any more.
        this.oracle.secure(before);
        return;
      case 'loseIndex':
        await this.#engine.close();
        this.oracle.secure(before);
        await this.#machine.fileSystem.removeTree(`${storeFolder}/index`);
        await this.#open();
        return;
      case 'upload':
      case 'copy':
      case 'remove':
      case 'purge':
        await this.#change(deed);
    }
  }

  async #giveUp(turnCount: number): Promise<void> {
    const giving = new AbortController();
    const compacting = this.#engine.compact({ signal: giving.signal }).catch((error: unknown) => {
      if (codeOf(error) !== 'ABORTED') throw error;
    });
    await turns(turnCount);
    giving.abort();
    await compacting;
  }

  async #change(deed: Extract<Deed, { name: string }>): Promise<void> {
    const key = `${deed.bucket}/${deed.name}`;
    const source = deed.kind === 'copy' ? this.oracle.versions(`${deed.bucket}/${deed.from}`) : [];
    const becomes = outcomeOf(deed, this.oracle.versions(key), source);
    const makesObject = deed.kind === 'upload' || deed.kind === 'copy';
    const id = becomes === undefined ? undefined : this.oracle.ask(key, becomes, makesObject);
    let lsn: number | undefined;
    try {
      lsn = await this.#ask(deed);
    } catch (error) {
      if (id === undefined && codeOf(error) === 'NOT_FOUND') return;
      throw error;
    }
    if (id === undefined) {
      if (deed.kind === 'copy' || deed.kind === 'purge') return;
      throw new Error(`it worked, and should not have: ${JSON.stringify(deed)}`);
    }
    this.oracle.answer(id, deed.kind !== 'upload' || deed.durability === 'power', lsn);
  }

  /** Resolves with the version that was made, if one was. */
  async #ask(deed: Extract<Deed, { name: string }>): Promise<number | undefined> {
    const engine = this.#engine;
    const bucket = engine.bucket(deed.bucket) as BucketRecord;
    const { name } = deed;
    switch (deed.kind) {
      case 'upload': {
        const { durability } = deed;
        const bytes = bytesOf(deed.content);
        // Both ways in: what is at hand, and what comes.
        const body = bytes.length % 2 === 0 ? bytes : once(bytes);
        return (await engine.upload({ bucket, name, body, durability })).lsn;
      }
      case 'copy': {
        const from = await engine.versions.current(bucket.id, deed.from);
        if (from === undefined) return undefined;
        return (await engine.link({ bucket, name, from })).lsn;
      }
      case 'remove':
        await engine.remove(bucket, name);
        return undefined;
      case 'purge': {
        const all = await engine.versions.versions(bucket.id, {}, 1000);
        const version = all.filter((one) => one.name === name)[deed.nth];
        if (version !== undefined) await engine.purge(bucket, name, version.version.lsn);
        return undefined;
      }
    }
  }
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
