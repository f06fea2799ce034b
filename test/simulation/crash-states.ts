/**
 * What a power cut may leave of a simulated disk: every combination, or a sample of them.
 *
 * Each thing that is not safe is a *dimension* with two or more options, the first being what is
 * safe already. A crash state takes one option of each. Where there are few combinations all are
 * tried; else those in which things go wrong: nothing of it, all of it, all but one, one alone, the
 * first few, one torn; and then random ones.
 *
 * States that look different may be the same disk (a sector beyond the end of its file, a file
 * without a name), so each has a key: two states with one key are one image.
 */

import {
  DirectoryNode,
  emptySector,
  FileNode,
  sectorBytes,
  sectorOf,
  type Batch,
  type Node,
} from './disk.ts';
import { withBatches } from './database.ts';
import type { Random } from './random.ts';

interface Dimension {
  readonly optionCount: number;
  /** Which option is everything that was written. */
  readonly last: number;
  readonly kind: 'name' | 'size' | 'sector' | 'batch';
}

/** A value, or a dimension that says which. */
type Plan<T> =
  { readonly fixed: T } | { readonly dimension: number; readonly options: readonly T[] };

interface FilePlan {
  readonly size: Plan<number>;
  readonly sectors: readonly Plan<Uint8Array>[];
  readonly fixedKey: string | undefined;
}

interface DirectoryPlan {
  readonly names: readonly { readonly name: string; readonly node: Plan<Node | undefined> }[];
  readonly batches: readonly { readonly batch: Batch; readonly dimension: number }[];
}

/** Which option of each dimension. */
export type Choice = readonly number[];

export class CrashStates {
  readonly #root: DirectoryNode;
  readonly #isIgnored: (name: string) => boolean;
  readonly #dimensions: Dimension[] = [];
  readonly #files = new Map<FileNode, FilePlan>();
  readonly #directories = new Map<DirectoryNode, DirectoryPlan>();

  /**
   * @param root - Must not change while this is in use.
   * @param isIgnored - Names of files whose content nothing depends on: they are kept as they are.
   */
  constructor(root: DirectoryNode, isIgnored: (name: string) => boolean) {
    this.#root = root;
    this.#isIgnored = isIgnored;
    this.#planDirectory(root);
  }

  /** How many combinations there are. */
  get total(): number {
    return this.#dimensions.reduce((product, { optionCount }) => product * optionCount, 1);
  }

  /** All combinations if they are no more than the bound; else as many as it says. */
  *choices(bound: number, random: Random): Generator<Choice> {
    if (this.total <= bound) {
      yield* this.#all();
      return;
    }
    let count = 0;
    for (const choice of this.#telling()) {
      if (count++ >= bound) return;
      yield choice;
    }
    while (count++ < bound) {
      // Some cuts lose little and some nearly all.
      const lossPercent = random.below(101);
      yield this.#dimensions.map(({ optionCount, last }) => {
        if (random.below(100) < lossPercent) return 0;
        return random.below(8) === 0 ? random.below(optionCount) : last;
      });
    }
  }

  *#all(): Generator<Choice> {
    const choice = this.#dimensions.map(() => 0);
    for (;;) {
      yield choice;
      let at = 0;
      for (; at < choice.length; at++) {
        const next = (choice[at] as number) + 1;
        choice[at] = next < (this.#dimensions[at] as Dimension).optionCount ? next : 0;
        if (choice[at] !== 0) break;
      }
      if (at === choice.length) return;
    }
  }

  *#telling(): Generator<Choice> {
    const none = this.#dimensions.map(() => 0);
    const all = this.#dimensions.map(({ last }) => last);
    // A sector shows only where its file has the size for it, and the size where there is a name.
    const frame = this.#dimensions.map(({ kind, last }) =>
      kind === 'sector' || kind === 'batch' ? 0 : last,
    );
    yield none;
    yield all;
    yield frame;
    // All that was being written is neither the one nor the other.
    yield this.#dimensions.map(({ kind, last, optionCount }) =>
      kind === 'sector' ? optionCount - 1 : last,
    );
    for (const [at, { last, optionCount }] of this.#dimensions.entries()) {
      yield all.with(at, 0);
      yield frame.with(at, last);
      yield none.with(at, last);
      yield all.map((option, i) => (i < at ? option : 0));
      yield all.map((option, i) => (i < at ? option : (frame[i] as number)));
      for (let option = last + 1; option < optionCount; option++) yield all.with(at, option);
    }
  }

  /** What the running process sees. */
  get seen(): Choice {
    return this.#dimensions.map(({ last }) => last);
  }

  /** The same for the same image. */
  key(choice: Choice): string {
    return this.#keyOfDirectory(this.#root, choice);
  }

  #keyOfDirectory(directory: DirectoryNode, choice: Choice): string {
    const { names, batches } = this.#directories.get(directory) as DirectoryPlan;
    let key = '{';
    for (const { name, node } of names) {
      const found = picked(node, choice);
      if (found === undefined || this.#isIgnored(name)) continue;
      key += `${name}:`;
      key +=
        found instanceof FileNode
          ? this.#keyOfFile(found, choice)
          : this.#keyOfDirectory(found, choice);
      key += ';';
    }
    if (directory.rows !== undefined) {
      key += `@${directory.rows.tablesKey}`;
      for (const { batch, dimension } of batches)
        if (choice[dimension] === 1) key += `,${batch.id}`;
    }
    return `${key}}`;
  }

  #keyOfFile(file: FileNode, choice: Choice): string {
    const { size, sectors, fixedKey } = this.#files.get(file) as FilePlan;
    if (fixedKey !== undefined) return fixedKey;
    const sizeBytes = picked(size, choice);
    let key = String(sizeBytes);
    for (let at = 0; at * sectorBytes < sizeBytes; at++) {
      const plan = sectors[at];
      const sector = plan === undefined ? zeros : picked(plan, choice);
      key += `.${idOf(sector, sizeBytes - at * sectorBytes)}`;
    }
    return key;
  }

  /** The disk that is left, with everything on it safe. */
  image(choice: Choice): DirectoryNode {
    return this.#imageOfDirectory(this.#root, choice);
  }

  #imageOfDirectory(directory: DirectoryNode, choice: Choice): DirectoryNode {
    const { names, batches } = this.#directories.get(directory) as DirectoryPlan;
    const image = new DirectoryNode();
    for (const { name, node } of names) {
      const found = picked(node, choice);
      if (found === undefined) continue;
      const child =
        found instanceof FileNode
          ? new FileNode(this.#contentOf(found, choice))
          : this.#imageOfDirectory(found, choice);
      image.entries.set(name, child);
      image.durable.set(name, child);
    }
    const { rows } = directory;
    if (rows === undefined) return image;
    const kept = batches.filter(({ dimension }) => choice[dimension] === 1);
    image.rows = withBatches(
      rows,
      kept.map(({ batch }) => batch),
    );
    image.rows.tablesKey = shortNameOf(image.rows.tablesKey);
    return image;
  }

  #contentOf(file: FileNode, choice: Choice): Uint8Array {
    const { size, sectors, fixedKey } = this.#files.get(file) as FilePlan;
    if (fixedKey !== undefined) return file.durable;
    const content = new Uint8Array(picked(size, choice));
    const views: Uint8Array[] = [];
    for (let at = 0; at * sectorBytes < content.length; at++) {
      const plan = sectors[at];
      const sector = plan === undefined ? zeros : picked(plan, choice);
      content.set(sector.subarray(0, content.length - at * sectorBytes), at * sectorBytes);
      const view = sectorOf(content, at);
      idsByObject.set(view, idOf(sector, content.length - at * sectorBytes));
      views.push(view);
    }
    sectorsOf.set(content, views);
    return content;
  }

  #dimension<T>(kind: Dimension['kind'], options: readonly T[], last: number): Plan<T> {
    if (options.length === 1) return { fixed: options[0] as T };
    this.#dimensions.push({ kind, optionCount: options.length, last });
    return { dimension: this.#dimensions.length - 1, options };
  }

  #planDirectory(directory: DirectoryNode): void {
    if (this.#directories.has(directory)) return;
    const names = new Set([...directory.durable.keys(), ...directory.names.keys()]);
    const plan = {
      names: [] as DirectoryPlan['names'][number][],
      batches: [] as DirectoryPlan['batches'][number][],
    };
    this.#directories.set(directory, plan);
    const nodes = new Set<Node>();
    for (const name of [...names].sort()) {
      const safe = directory.durable.get(name);
      const versions = directory.names.get(name)?.versions ?? [];
      const options = this.#isIgnored(name)
        ? [versions.at(-1) ?? safe]
        : [...new Set([safe, ...versions])];
      plan.names.push({
        name,
        node: this.#dimension('name', options, options.indexOf(versions.at(-1))),
      });
      for (const node of options) if (node !== undefined) nodes.add(node);
      if (this.#isIgnored(name)) {
        for (const node of options) if (node instanceof FileNode) this.#planIgnored(node);
      }
    }
    for (const batch of directory.rows?.batches ?? []) {
      if (batch.isDoomed) continue;
      this.#dimensions.push({ kind: 'batch', optionCount: 2, last: 1 });
      plan.batches.push({ batch, dimension: this.#dimensions.length - 1 });
    }
    for (const node of nodes) {
      if (node instanceof DirectoryNode) this.#planDirectory(node);
      else this.#planFile(node);
    }
  }

  #planIgnored(file: FileNode): void {
    this.#files.set(file, { size: { fixed: 0 }, sectors: [], fixedKey: '' });
  }

  #planFile(file: FileNode): void {
    if (this.#files.has(file)) return;
    const { durable, sectors } = file;
    const size = this.#dimension('size', ...sizesOf(file));
    const sectorCount = Math.ceil(Math.max(durable.length, ...file.sizes) / sectorBytes);
    const plans: Plan<Uint8Array>[] = [];
    const known = sectorViews(durable);
    for (let at = 0; at < sectorCount; at++) {
      const safe = known[at] ?? zeros;
      const versions = sectors.get(at)?.versions ?? [];
      if (versions.length === 0) plans.push({ fixed: safe });
      else {
        const newest = versions.at(-1) as Uint8Array;
        const options = [safe, ...versions];
        if (Buffer.compare(safe, newest) !== 0) {
          options.push(torn(safe, newest), torn(newest, safe), garbled(newest));
        }
        plans.push(this.#dimension('sector', options, versions.length));
      }
    }
    const isFixed = 'fixed' in size && sectors.size === 0;
    const plan = { size, sectors: plans, fixedKey: undefined };
    this.#files.set(file, plan);
    if (isFixed) this.#files.set(file, { ...plan, fixedKey: this.#keyOfFile(file, []) });
  }
}

function sizesOf({ durable, sizes }: FileNode): [options: number[], last: number] {
  const newest = sizes.at(-1);
  if (newest === undefined) return [[durable.length], 0];
  const options = [...new Set([durable.length, ...sizes])];
  const last = options.indexOf(newest);
  const from = Math.ceil((durable.length + 1) / sectorBytes) * sectorBytes;
  for (let at = from; at < newest; at += sectorBytes) if (!options.includes(at)) options.push(at);
  return [options, last];
}

/** The first half of one and the second of the other. */
function torn(first: Uint8Array, second: Uint8Array): Uint8Array {
  const sector = emptySector();
  sector.set(second);
  sector.set(first.subarray(0, sectorBytes / 2));
  return sector;
}

/** Neither the one nor the other. */
function garbled(sector: Uint8Array): Uint8Array {
  return emptySector().map((_, at) => (sector[at] as number) ^ 0xa5);
}

function picked<T>(plan: Plan<T>, choice: Choice): T {
  if ('fixed' in plan) return plan.fixed;
  return plan.options[choice[plan.dimension] as number] as T;
}

const zeros = new Uint8Array(sectorBytes);

/** The sectors of contents that many disks share. */
const sectorsOf = new WeakMap<Uint8Array, readonly Uint8Array[]>();

function sectorViews(content: Uint8Array): readonly Uint8Array[] {
  let views = sectorsOf.get(content);
  if (views === undefined) {
    const count = Math.ceil(content.length / sectorBytes);
    views = Array.from({ length: count }, (_, at) => sectorOf(content, at));
    sectorsOf.set(content, views);
  }
  return views;
}

const idsByObject = new WeakMap<Uint8Array, number>();
const idsByContent = new Map<string, number>();

/** A number for the content of a sector, as much of it as the file shows. */
function idOf(sector: Uint8Array, shownBytes: number): number {
  if (shownBytes < sectorBytes) return idOf(shownPart(sector, shownBytes), sectorBytes);
  let id = idsByObject.get(sector);
  if (id !== undefined) return id;
  const content = Buffer.from(sector.buffer, sector.byteOffset, sector.length).toString('latin1');
  id = idsByContent.get(content);
  if (id === undefined) idsByContent.set(content, (id = idsByContent.size));
  idsByObject.set(sector, id);
  return id;
}

const shownParts = new WeakMap<Uint8Array, Map<number, Uint8Array>>();

function shownPart(sector: Uint8Array, shownBytes: number): Uint8Array {
  let parts = shownParts.get(sector);
  if (parts === undefined) shownParts.set(sector, (parts = new Map()));
  let part = parts.get(shownBytes);
  if (part === undefined) {
    part = emptySector();
    part.set(sector.subarray(0, shownBytes));
    parts.set(shownBytes, part);
  }
  return part;
}

const shortNames = new Map<string, string>();

function shortNameOf(tablesKey: string): string {
  let name = shortNames.get(tablesKey);
  if (name === undefined) shortNames.set(tablesKey, (name = `#${shortNames.size}`));
  return name;
}
