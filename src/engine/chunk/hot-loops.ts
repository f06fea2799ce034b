/**
 * The hot loops in WebAssembly, which are fast from the first chunk of a process on.
 *
 * A loop in JavaScript runs slowly until the engine has seen it often and compiled it well, and an
 * import of a few megabytes is over by then. The loops of `assembly/` do what the plain ones of
 * this folder do, to the byte: those are the oracle, and what runs where there is no WebAssembly,
 * or where the inputs are larger than the memory that is kept for this.
 *
 * One instance serves all calls, made with the first: none of them waits for anything, so they
 * never meet. Its memory grows up to 7 MiB and stays.
 *
 * @module
 */

import { hotLoopInputBytesMax } from '../../base/limits.ts';
import { gear } from './gear.ts';
import { hotLoopsBinary } from './hot-loops-binary.ts';
import { addends, multipliers, valueCount } from './sample-functions.ts';

/** Inputs and outputs of a call, and what lies behind each: loops may read and write beyond it. */
const areasMax = 5;
const overrunBytes = 20;

const pageBytes = 64 * 1024;

/** Samples of a chunk: how many, and the greatest value that each function has at one. */
export interface Samples {
  readonly count: number;
  readonly greatest: Int32Array;
}

/** What `assembly/index.ts` exports. Numbers are addresses, sizes and hashes. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly gearAt: Address;
  readonly multipliersAt: Address;
  readonly addendsAt: Address;
  readonly greatestAt: Address;
  readonly freeAt: Address;
  sample(chunk: number, chunkBytes: number, mask: number): number;
  encodeDelta(
    base: number,
    baseBytes: number,
    target: number,
    targetBytes: number,
    places: number,
    hashShift: number,
    output: number,
    instructions: number,
  ): number;
  decodeDelta(
    base: number,
    baseBytes: number,
    delta: number,
    deltaBytes: number,
    target: number,
    targetBytes: number,
  ): number;
}

interface Address {
  readonly value: number;
}

/** Of the global object what is used here: the types of Node have none of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** The loops, if this process can have them. */
export function hotLoops(): HotLoops | undefined {
  made ??= { loops: tryToMake() };
  return made.loops;
}

let made: { readonly loops: HotLoops | undefined } | undefined;

/** A machine may have no WebAssembly, forbid it, or have no room for its memory. */
function tryToMake(): HotLoops | undefined {
  try {
    const binary = Uint8Array.from(atob(hotLoopsBinary), (character) => character.charCodeAt(0));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(binary));
    return new HotLoops(instance.exports as Exports);
  } catch {
    return undefined;
  }
}

class HotLoops {
  readonly #exports: Exports;
  #memory: Uint8Array;
  /** Where the next input or output may lie. */
  #free: number;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#memory = new Uint8Array(exports.memory.buffer);
    this.#free = exports.freeAt.value;
    this.#writeTable(exports.gearAt, gear);
    this.#writeTable(exports.multipliersAt, multipliers);
    this.#writeTable(exports.addendsAt, addends);
  }

  /** What `samplePlainly` does; `undefined` if the chunk is too large for this. */
  sample(chunk: Uint8Array, mask: number): Samples | undefined {
    if (!this.#makeRoom(chunk.length, chunk.length)) return undefined;
    const { sample, greatestAt } = this.#exports;
    const count = sample(this.#lay([chunk], chunk.length), chunk.length, mask);
    const greatest = new Int32Array(valueCount);
    const view = new DataView(this.#memory.buffer, greatestAt.value);
    for (let i = 0; i < valueCount; i++) greatest[i] = view.getInt32(4 * i, true);
    return { count, greatest };
  }

  /** What `encodeDeltaPlainly` does; `undefined` if the inputs are too large for this. */
  encodeDelta(
    bases: readonly Uint8Array[],
    target: Uint8Array,
    hashShift: number,
  ): Uint8Array | undefined {
    const baseBytes = totalBytes(bases);
    const targetBytes = target.length;
    const placesBytes = 4 * 2 ** (32 - hashShift);
    const roomBytes = baseBytes + 3 * targetBytes + placesBytes;
    if (!this.#makeRoom(Math.max(baseBytes, targetBytes), roomBytes)) return undefined;
    const base = this.#lay(bases, baseBytes);
    const from = this.#lay([target], targetBytes);
    const places = this.#take(placesBytes);
    const output = this.#take(targetBytes);
    const instructions = this.#take(targetBytes);
    const { encodeDelta } = this.#exports;
    const deltaBytes = encodeDelta(
      base,
      baseBytes,
      from,
      targetBytes,
      places,
      hashShift,
      output,
      instructions,
    );
    return this.#memory.slice(output, output + deltaBytes);
  }

  /** What `decodeDeltaPlainly` does; `undefined` if the delta is wrong, or too large for this. */
  decodeDelta(
    bases: readonly Uint8Array[],
    delta: Uint8Array,
    targetBytes: number,
  ): Uint8Array | undefined {
    const baseBytes = totalBytes(bases);
    const roomBytes = baseBytes + delta.length + targetBytes;
    const largestBytes = Math.max(baseBytes, delta.length, targetBytes);
    if (!this.#makeRoom(largestBytes, roomBytes)) return undefined;
    const base = this.#lay(bases, baseBytes);
    const from = this.#lay([delta], delta.length);
    const target = this.#take(targetBytes);
    const { decodeDelta } = this.#exports;
    const isRight = decodeDelta(base, baseBytes, from, delta.length, target, targetBytes) !== 0;
    return isRight ? this.#memory.slice(target, target + targetBytes) : undefined;
  }

  /** Whether there is room for inputs and outputs of a call, which begins here. */
  #makeRoom(largestBytes: number, roomBytes: number): boolean {
    if (largestBytes > hotLoopInputBytesMax) return false;
    const { memory, freeAt } = this.#exports;
    this.#free = freeAt.value;
    const missingBytes = this.#free + roomBytes + areasMax * overrunBytes - this.#memory.length;
    if (missingBytes <= 0) return true;
    try {
      memory.grow(Math.ceil(missingBytes / pageBytes));
    } catch {
      return false;
    }
    this.#memory = new Uint8Array(memory.buffer);
    return true;
  }

  /** Room for so many bytes, and a little more. */
  #take(byteCount: number): number {
    const at = this.#free;
    this.#free += (byteCount + overrunBytes + 3) & ~3;
    return at;
  }

  /** Copies inputs there, end to end. */
  #lay(parts: readonly Uint8Array[], byteCount: number): number {
    const at = this.#take(byteCount);
    let filled = at;
    for (const part of parts) {
      this.#memory.set(part, filled);
      filled += part.length;
    }
    return at;
  }

  /** The memory is little-endian, whatever the machine. */
  #writeTable(at: Address, table: Int32Array): void {
    const view = new DataView(this.#memory.buffer, at.value);
    for (const [i, number] of table.entries()) view.setInt32(4 * i, number, true);
  }
}

function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
