/**
 * Power cuts on real files, with the real LevelDB: a store lives under a mixed load, its folder is
 * copied at many moments, each copy loses what was not synced, and is opened.
 *
 * Of the store's own files it is recorded what was synced. What was not may be there, may be as it
 * was, may be zeros, sector by sector, and the file may have any size in between; a file whose name
 * was not synced may be missing. Of LevelDB's files everything counts as not synced that was
 * written since the store last asked which of them there are, which is when it proves a checkpoint.
 *
 * When which call is made depends on the machine, so a seed names a load and the losses, and not a
 * failure. The copy that fails is kept.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Session } from '../../src/api/session.ts';
import { Store } from '../../src/api/store.ts';
import { ExpectedStore } from '../../src/cli/torture/expected-store.ts';
import type { LoadReport } from '../../src/cli/torture/load-report.ts';
import { runLoad } from '../../src/cli/torture/load.ts';
import { randomSequence } from '../../src/cli/torture/random-sequence.ts';
import { Engine } from '../../src/engine/engine.ts';
import { nodePlatform } from '../../src/engine/platform/machine.ts';
import { openStore } from '../../src/index.ts';
import { SyncRecorder, type RecordedFile } from './sync-recorder.ts';

/** What the cuts came to. */
export interface PowerLossFigures {
  /** Moments at which a folder was copied. */
  moments: number;
  /** Copies that lost something, and were opened. */
  copies: number;
  /** Acknowledged changes that the copies must hold, over all copies. */
  acknowledged: number;
  foundDone: number;
  foundUndone: number;
}

/** A folder, and what is known of it, at one moment. */
interface Moment {
  readonly own: ReadonlyMap<string, RecordedFile>;
  /** LevelDB's files; and how long those were that are safe. */
  readonly index: ReadonlyMap<string, Uint8Array>;
  readonly safeSizes: ReadonlyMap<string, number>;
  /** How many reports had been made. */
  readonly reportCount: number;
}

const lives = 4;
const changesPerLife = 30;
const sectorBytes = 512;
const pageBytes = 4096;

export interface PowerCuts {
  readonly seed: number;
  readonly copies: number;
  /** Where to work. Default: the folder for temporary files. */
  readonly directory?: string;
  /** Whether the disk does what a sync asks: with one that does not, something must be wrong. */
  readonly isHonest?: boolean;
}

/** Lives, cuts and looks. Throws if anything is not as it must be. */
export async function runPowerCuts({
  seed,
  copies,
  directory = tmpdir(),
  isHonest = true,
}: PowerCuts): Promise<PowerLossFigures> {
  const random = randomSequence(seed);
  const figures = { moments: 0, copies: 0, acknowledged: 0, foundDone: 0, foundUndone: 0 };
  const folder = mkdtempSync(join(directory, 'varve-power-'));
  while (figures.copies < copies) {
    const life = new RecordedLife(join(folder, 'store'), random, isHonest);
    await life.run();
    rmSync(join(folder, 'store'), { recursive: true });
    figures.moments += life.moments.length;
    for (const moment of life.moments) {
      for (let i = 0; i < 3 && figures.copies < copies; i++) {
        const copy = join(folder, 'copy');
        writeLosing(moment, copy, random);
        const problems = await problemsIn(copy, life.reports.slice(0, moment.reportCount), figures);
        figures.copies++;
        if (problems.length > 0) {
          throw new Error(`seed ${seed}; what is left is in ${copy}:\n${problems.join('\n')}`);
        }
        rmSync(copy, { recursive: true });
      }
    }
  }
  rmSync(folder, { recursive: true });
  return figures;
}

/** A store that is opened, loaded and closed a few times, and copied now and then. */
class RecordedLife {
  readonly moments: Moment[] = [];
  readonly reports: LoadReport[] = [];
  readonly #directory: string;
  readonly #random: () => number;
  readonly #recorder: SyncRecorder;
  #safeSizes = new Map<string, number>();

  constructor(directory: string, random: () => number, isHonest: boolean) {
    this.#directory = directory;
    this.#random = random;
    this.#recorder = new SyncRecorder(isHonest, (call, path) => {
      if (call === 'readDirectory' && path === join(directory, 'index')) this.#noteSafeSizes();
      if (random() < 0.15) this.#copy();
    });
  }

  async run(): Promise<void> {
    for (let life = 0; life < lives; life++) {
      const platform = { ...nodePlatform(), fileSystem: this.#recorder.fileSystem() };
      const session = new Session(platform.clock, () =>
        Engine.open({ platform, directory: this.#directory, createIfMissing: true }),
      );
      await session.open();
      this.reports.push({ step: 'open' });
      const store = new Store(session);
      const end = this.reports.length + 2 * changesPerLife;
      await runLoad({
        store,
        seed: Math.floor(this.#random() * 2 ** 31),
        tell: (report) => this.reports.push(report),
        isOver: () => this.reports.length > end,
      });
      await store.close();
      this.reports.push({ step: 'closed' });
      this.#copy();
    }
  }

  #copy(): void {
    this.moments.push({
      own: relativeTo(this.#directory, this.#recorder.files()),
      index: this.#indexFiles(),
      safeSizes: this.#safeSizes,
      reportCount: this.reports.length,
    });
  }

  #noteSafeSizes(): void {
    const safe = [...this.#indexFiles()].filter(([name]) => !name.endsWith('.log'));
    this.#safeSizes = new Map(safe.map(([name, bytes]) => [name, bytes.length]));
  }

  #indexFiles(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    const folder = join(this.#directory, 'index');
    for (const name of namesIn(folder)) {
      // Reading LOCK would unlock it, and what LOG says is for people.
      if (name === 'LOCK' || name.startsWith('LOG')) continue;
      const bytes = contentOf(join(folder, name));
      if (bytes !== undefined) files.set(`index/${name}`, bytes);
    }
    return files;
  }
}

function relativeTo<Value>(folder: string, files: Map<string, Value>): Map<string, Value> {
  return new Map([...files].map(([path, value]) => [path.slice(folder.length + 1), value]));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** LevelDB removes files when it likes. */
function contentOf(path: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** Writes a folder as a power cut might leave it. */
function writeLosing(moment: Moment, folder: string, random: () => number): void {
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  // Some copies lose all that they may, some nothing of a kind, most something.
  const share = [0, 1, random(), random()][Math.floor(random() * 4)] ?? 0;
  for (const [path, file] of moment.own) {
    if (!file.isNameSynced && random() < share) continue;
    write(path, losingSectors(file, share, random));
  }
  const indexShare = [0, 1, random(), random()][Math.floor(random() * 4)] ?? 0;
  if (random() < 0.05) return;
  for (const [path, bytes] of moment.index) {
    const left = losingPages(bytes, safeBytesOf(moment, path), indexShare, random);
    if (left !== undefined) write(path, left);
  }
}

/**
 * How much of a file of LevelDB's is safe. A table that took the place of safe ones is safe itself:
 * LevelDB syncs it before it removes them.
 */
function safeBytesOf({ index, safeSizes }: Moment, path: string): number {
  const isTable = path.endsWith('.ldb');
  const wasCompacted = [...safeSizes.keys()].some(
    (name) => name.endsWith('.ldb') && !index.has(name),
  );
  return isTable && wasCompacted ? Infinity : (safeSizes.get(path) ?? 0);
}

function losingSectors(file: RecordedFile, share: number, random: () => number): Uint8Array {
  const { current, synced } = file;
  const growth = current.length - synced.length;
  const isCut = random() < share;
  const sizeBytes = isCut ? synced.length + Math.floor(random() * (growth + 1)) : current.length;
  const left = current.slice(0, sizeBytes);
  for (let at = 0; at < sizeBytes; at += sectorBytes) {
    if (random() >= share) continue;
    const end = Math.min(at + sectorBytes, sizeBytes);
    left.fill(0, Math.min(Math.max(at, synced.length), end), end);
    left.set(synced.subarray(at, end), at);
  }
  return left;
}

function losingPages(
  bytes: Uint8Array,
  safeBytes: number,
  share: number,
  random: () => number,
): Uint8Array | undefined {
  if (bytes.length <= safeBytes) return bytes;
  if (safeBytes === 0 && random() < share / 3) return undefined;
  const isCut = random() < share;
  const sizeBytes = isCut
    ? safeBytes + Math.floor(random() * (bytes.length - safeBytes + 1))
    : bytes.length;
  const left = bytes.slice(0, sizeBytes);
  for (let at = 0; at < sizeBytes; at += pageBytes) {
    if (random() < share)
      left.fill(0, Math.max(at, safeBytes), Math.max(at + pageBytes, safeBytes));
  }
  return left;
}

/** Opens a copy and compares it with what must be in it. */
async function problemsIn(
  directory: string,
  reports: readonly LoadReport[],
  figures: PowerLossFigures,
): Promise<string[]> {
  const expected = new ExpectedStore(figures);
  for (const report of safeReports(reports)) {
    expected.take(report);
    if (report.step === 'done') figures.acknowledged++;
  }
  expected.killed();
  try {
    // A second recovery finds what the first one made of it; it takes its time, so not always.
    for (const look of figures.copies % 3 === 0 ? ['first', 'second'] : ['first']) {
      const store = await openStore(directory);
      try {
        const problems = await expected.problemsOf(store);
        if (problems.length > 0) return [`at the ${look} look:`, ...problems];
      } finally {
        await store.close();
      }
    }
    return [];
  } catch (error) {
    return [`the store cannot be opened, read and closed: ${(error as Error).stack}`];
  }
}

/**
 * The reports without the acknowledgements that a power cut may take back. What was acknowledged at
 * `'os'` is safe once anything at `'power'` that was begun later is acknowledged, or a close.
 */
function safeReports(reports: readonly LoadReport[]): LoadReport[] {
  const begun = new Map<string, number>();
  let safeUntil = 0;
  for (const [i, report] of reports.entries()) {
    if (report.step === 'closed') safeUntil = i;
    if (report.step === 'begin') begun.set(`${report.bucket} ${report.name}`, i);
    if (report.step !== 'done' || report.durability === 'os') continue;
    safeUntil = Math.max(safeUntil, begun.get(`${report.bucket} ${report.name}`) ?? 0);
  }
  return reports.filter(
    (report, i) => report.step !== 'done' || report.durability !== 'os' || i < safeUntil,
  );
}
