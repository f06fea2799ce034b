/**
 * Crashes at every moment of a life, in every way, and looks at what is left.
 *
 * For each crash point and each image that a power cut may leave there:
 * - the store opens, and holds what the oracle allows;
 * - a power cut at any moment of that opening, and one after it, leaves a store that gives the same
 *   answers; and opening it again changes no log file;
 * - now and then, the index is deleted before: the answers are the same;
 * - now and then, life goes on: an upload gets a version id that nobody was given before, `verify`
 *   has no complaint, and one more power cut leaves both.
 *
 * And for each crash point the process is killed and the machine goes on: everything answered is
 * there, also what was only given to the system; and what was then seen survives a power cut.
 *
 * Images are recovered once, however many states come to them: both are counted.
 */

import type { Engine } from '../../src/engine/engine.ts';
import { answersOf, latin1, Violation } from './answers.ts';
import { CrashStates } from './crash-states.ts';
import { forkOf, type DirectoryNode } from './disk.ts';
import { Machine, storeFolder } from './machine.ts';
import { progress, type Found } from './oracle.ts';
import { Random } from './random.ts';
import { once, type CrashPoint, type Life } from './session.ts';
import type { Target } from './target.ts';
import { bytesOf, type Content } from './deed.ts';

export interface ExplorerOptions {
  readonly target: Target;
  readonly seed: number;
  /** Up to so many combinations are all tried; else so many of them. */
  readonly statesPerPoint: number;
  /** The same, for crashes within recovery. */
  readonly statesPerInnerPoint: number;
  /** With one image of so many, life goes on. */
  readonly continueEvery: number;
  /** With one image of so many, somebody deletes the index before it is opened. */
  readonly loseIndexEvery: number;
  /** Contents that may be found. */
  readonly contents: readonly Content[];
  /** Names of files whose content nothing depends on. */
  readonly isIgnored: (name: string) => boolean;
}

/** What was tried, and what was wrong. */
export interface Figures {
  points: number;
  /** Crash states enumerated. */
  states: number;
  /** Of those, states of a crash within recovery or behind it. */
  innerStates: number;
  /** Different disks among them: those that were recovered. */
  images: number;
}

/** A store that was just recovered. */
interface Opened {
  readonly root: DirectoryNode;
  readonly engine: Engine;
  readonly course: { onBoundary: () => void };
  /** The disk at each boundary of recovery, and at its end. */
  readonly points: readonly DirectoryNode[];
  readonly recovery: Recovery;
}

/** What is uploaded after a recovery. */
/** No workload may use it. */
const lateName = 'late';
const lateContent: Content = 'text 99 700';

export function noFigures(): Figures {
  return { points: 0, states: 0, innerStates: 0, images: 0 };
}

interface Recovery {
  readonly found: Found;
  /** Everything that was answered, as one string. */
  readonly answers: string;
  /** Of the log files, behind it. */
  readonly truthKey: string;
  /** The version id that an upload got after it, if one was tried. */
  nextLsn?: number;
}

export class Explorer {
  readonly figures: Figures = noFigures();
  readonly #options: ExplorerOptions;
  readonly #random: Random;
  readonly #contents: ReadonlyMap<string, Content>;
  readonly #recovered = new Map<string, Recovery>();

  constructor(options: ExplorerOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#contents = new Map(
      [...options.contents, lateContent].map((one) => [latin1([bytesOf(one)]), one]),
    );
  }

  /** Crashes at every point of a life. Throws a {@link Violation}. */
  async explore(life: Life): Promise<void> {
    for (const [at, point] of this.#shuffled([...life.points.entries()])) {
      try {
        await this.#cutPower(life, point);
        await this.#kill(life, point);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        throw new Violation(`crash ${at} (before ${point.before}): ${error.message}`);
      }
      this.figures.points++;
    }
  }

  /** So that what is wrong somewhere is found soon. */
  #shuffled<T>(items: T[]): T[] {
    for (let at = items.length - 1; at > 0; at--) {
      const other = this.#random.below(at + 1);
      [items[at], items[other]] = [items[other] as T, items[at] as T];
    }
    return items;
  }

  async #cutPower(life: Life, point: CrashPoint): Promise<void> {
    const states = new CrashStates(point.root, this.#options.isIgnored);
    for (const choice of states.choices(this.#options.statesPerPoint, this.#random)) {
      this.figures.states++;
      const key = states.key(choice);
      const recovery =
        this.#recovered.get(key) ?? (await this.#recoverTwice(key, () => states.image(choice)));
      this.#judge(life, point, recovery, progress.safe);
    }
  }

  async #kill(life: Life, point: CrashPoint): Promise<void> {
    const opened = await this.#recover(forkOf(point.root), 2);
    const { points, recovery } = opened;
    this.#judge(life, point, recovery, progress.answered);
    for (const [at, root] of points.entries()) {
      const isSeen = at === points.length - 1;
      await this.#cutInner(root, (inner) => {
        this.#judge(life, point, inner, progress.safe);
        if (isSeen && inner.answers !== recovery.answers) {
          throw new Violation('what was seen after a kill was lost in a power cut');
        }
      });
    }
    if (this.figures.points % 4 > 0) return;
    await this.#goOn(opened);
    this.#judge(life, point, recovery, progress.answered);
  }

  /** Recovers an image, and crashes in between and behind it. */
  async #recoverTwice(key: string, image: () => DirectoryNode): Promise<Recovery> {
    const opened = await this.#recover(image(), 2);
    const { points, recovery } = opened;
    this.#recovered.set(key, recovery);
    for (const root of points) {
      await this.#cutInner(root, (inner) => {
        if (inner.answers === recovery.answers) return;
        throw new Violation(`after a crash in recovery: ${inner.answers}not ${recovery.answers}`);
      });
    }
    const after = new CrashStates(points.at(-1) as DirectoryNode, this.#options.isIgnored);
    const again = this.#recovered.get(after.key(after.seen));
    if (again !== undefined && again.truthKey !== recovery.truthKey) {
      throw new Violation(`a second recovery changes files: ${again.truthKey}`);
    }
    if (this.figures.images % this.#options.continueEvery === 0) await this.#goOn(opened);
    if (this.figures.images % this.#options.loseIndexEvery === 0) {
      const { answers } = (await this.#recover(image(), 'index lost')).recovery;
      if (answers !== recovery.answers) {
        throw new Violation(`without the index: ${answers}not ${recovery.answers}`);
      }
    }
    return recovery;
  }

  /** Uploads something, and cuts the power at every moment of that and after it. */
  async #goOn({ root, engine, course, recovery }: Opened): Promise<void> {
    const points: DirectoryNode[] = [];
    course.onBoundary = () => points.push(forkOf(root));
    let added: string;
    let safeFrom: number;
    try {
      const isNew = engine.bucket('notes') === undefined;
      const bucket = await engine.ensureBucket('notes', { versioned: true });
      const body = once(bytesOf(lateContent));
      const version = await engine.upload({ bucket, name: lateName, body, durability: 'power' });
      recovery.nextLsn = version.lsn;
      added = `notes/${lateName} ${version.lsn} ${version.timeMs} true ${lateContent}\n`;
      if (isNew) added += 'bucket notes\n';
      safeFrom = points.length;
      points.push(forkOf(root));
      const { damaged, problems } = await engine.verify({});
      const complaints = [...problems, ...damaged.map(({ name, reason }) => `${name}: ${reason}`)];
      if (complaints.length > 0) throw new Error(complaints.join('; '));
      course.onBoundary = () => undefined;
      await engine.close();
      points.push(forkOf(root));
    } catch (error) {
      throw new Violation(`after recovery: ${textOf(error)}`, { cause: error });
    }
    for (const [at, point] of points.entries()) {
      await this.#cutInner(point, (inner) => {
        if (at >= safeFrom && !hasLines(inner.answers, added))
          throw new Violation('lost after recovery');
        const others = linesBut(inner.answers, added);
        if (others !== recovery.answers) {
          throw new Violation(
            `changed by an upload after recovery: ${others}\nnot ${recovery.answers}`,
          );
        }
      });
    }
  }

  async #cutInner(root: DirectoryNode, judge: (inner: Recovery) => void): Promise<void> {
    const states = new CrashStates(root, this.#options.isIgnored);
    for (const choice of states.choices(this.#options.statesPerInnerPoint, this.#random)) {
      this.figures.states++;
      this.figures.innerStates++;
      const key = states.key(choice);
      let inner = this.#recovered.get(key);
      if (inner === undefined) {
        inner = (await this.#recover(states.image(choice), 3)).recovery;
        this.#recovered.set(key, inner);
      }
      judge(inner);
    }
  }

  #judge(life: Life, point: CrashPoint, recovery: Recovery, required: 2 | 3): void {
    const complaint = life.oracle.complaint(recovery.found, point.moment, required);
    if (complaint !== undefined) throw new Violation(complaint);
    if (recovery.nextLsn !== undefined && recovery.nextLsn <= point.lastLsn) {
      throw new Violation(`version ${recovery.nextLsn} was given out a second time`);
    }
  }

  /** Opens a disk and reads all that it holds. */
  async #recover(root: DirectoryNode, how: 2 | 3 | 'index lost'): Promise<Opened> {
    // Others want to run too: nothing else here waits for anything but microtasks.
    if (++this.figures.images % 64 === 0) await breath();
    const points: DirectoryNode[] = [];
    const isRecorded = how === 2;
    const course = {
      onBoundary: isRecorded ? (): void => void points.push(forkOf(root)) : (): void => undefined,
    };
    const machine = new Machine({ root, seed: how === 2 ? 2 : 3, course });
    let engine: Engine;
    try {
      if (how === 'index lost') await machine.fileSystem.removeTree(`${storeFolder}/index`);
      engine = await machine.open(this.#options.target);
      await engine.totals();
    } catch (error) {
      throw new Violation(`the store does not open: ${textOf(error)}`, { cause: error });
    }
    const { found, answers } = await answersOf(engine, this.#contents);
    if (isRecorded) points.push(forkOf(root));
    const { isIgnored } = this.#options;
    const truth = new CrashStates(root, (name) => name === 'index' || isIgnored(name));
    const truthKey = truth.key(truth.seen);
    return { root, engine, course, points, recovery: { found, answers, truthKey } };
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? `${String(error.code)} ` : '';
  const cause = error.cause === undefined ? '' : `; ${textOf(error.cause)}`;
  return `${code}${error.message}${cause}`;
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function hasLines(lines: string, text: string): boolean {
  const there = new Set(lines.split('\n'));
  return text.split('\n').every((line) => there.has(line));
}

/** Lines but for those of a text, in which they may not all be. */
function linesBut(lines: string, text: string): string {
  const left = new Set(text.split('\n'));
  return lines
    .split('\n')
    .filter((line) => line === '' || !left.has(line))
    .join('\n');
}
