/**
 * The records of a run: what is in the target, as far as it has answered.
 *
 * Every answer is compared byte for byte. A read beside a write of the same record may see the old
 * content or the new, and nothing else. Writes of one record wait for each other, as an application
 * would have them do, so that it is always known which content is the last.
 *
 * @module
 */

import { seededBytes } from '../torture/content.ts';
import { inLanes } from './lanes.ts';
import type { Target } from './target.ts';
import { type Check, type Operation, type WorkloadSettings, WrongAnswer } from './workload.ts';

interface RecordState {
  /** The last content that the target has answered for. -1: none. */
  acknowledged: number;
  /** The last content that the target was given. */
  issued: number;
  /** Settles when the last write that was issued is over. */
  written: Promise<void>;
}

/** What a record holds, for its number and the number of its content. */
export type ContentOf = (index: number, revision: number) => Uint8Array;

const recordsPerFolder = 100;

/** Where a record lies. Names sort as the numbers do. */
export function recordName(index: number): string {
  const folder = Math.floor(index / recordsPerFolder);
  return `f${String(folder).padStart(6, '0')}/r${String(index).padStart(8, '0')}`;
}

/** Random bytes, others for each record and each revision: nothing in them can be compressed. */
export function randomContent({ seed, sizeBytes }: WorkloadSettings): ContentOf {
  return (index, revision) => seededBytes(`${seed} ${index} ${revision}`, sizeBytes);
}

export class Records {
  readonly #target: Target;
  readonly #contentOf: ContentOf;
  readonly #states = new Map<number, RecordState>();
  /** The highest number of a record. */
  #last = -1;

  constructor(target: Target, contentOf: ContentOf) {
    this.#target = target;
    this.#contentOf = contentOf;
  }

  /** Stores the records from 0 on, many at a time. */
  async load(count: number): Promise<void> {
    await inLanes(32, count, async (index) => {
      (await this.put(index).run())();
    });
  }

  /** Stores new content under a record, which may be new. */
  put(index: number): Operation {
    const state = this.#stateOf(index);
    const revision = ++state.issued;
    const content = this.#contentOf(index, revision);
    return {
      kind: 'put',
      run: async () => {
        await this.#write(state, revision, () => this.#target.put(recordName(index), content));
        return () => content.length;
      },
    };
  }

  read(index: number): Operation {
    return {
      kind: 'read',
      run: async () => {
        const state = this.#stateOf(index);
        const least = state.acknowledged;
        const found = await this.#target.get(recordName(index));
        const most = state.issued;
        return () => this.#compare(index, least, most, found);
      },
    };
  }

  /** Reads a record and stores new content under it. */
  readModifyWrite(index: number): Operation {
    const put = this.put(index);
    const read = this.read(index);
    return {
      kind: 'read-modify-write',
      run: async () => {
        const checkRead = await read.run();
        const checkPut = await put.run();
        return () => checkRead() + checkPut();
      },
    };
  }

  readRange(index: number, start: number, end: number): Operation {
    const { acknowledged } = this.#stateOf(index);
    const expected = this.#contentOf(index, acknowledged).subarray(start, end);
    return {
      kind: 'read',
      run: async () => {
        const found = await this.#target.getRange(recordName(index), start, end);
        return () => sameBytes(found, expected, `${recordName(index)}, ${start} to ${end}`);
      },
    };
  }

  remove(index: number): Operation {
    return {
      kind: 'remove',
      run: async () => {
        await this.#target.remove(recordName(index));
        this.#states.delete(index);
        return () => 0;
      },
    };
  }

  /** Reads up to `count` records behind one. Records beside it may be on their way in. */
  scanAfter(index: number, count: number): Operation {
    const mustBeThere = new Set<number>();
    for (let each = index + 1; each <= this.#last && mustBeThere.size < count; each++) {
      if (this.#stateOf(each).acknowledged >= 0) mustBeThere.add(each);
    }
    return {
      kind: 'scan',
      run: async () => {
        const found = await this.#target.scanAfter(recordName(index), count);
        return () => {
          let bytes = 0;
          let next = index + 1;
          for (const { name, content } of found) {
            while (name !== recordName(next) && !mustBeThere.has(next) && next < this.#last) {
              next++;
            }
            if (name !== recordName(next)) throw wrongNames(recordName(next), name);
            bytes += this.#compare(next, 0, this.#stateOf(next).issued, content);
            next++;
          }
          const isShort = found.length < Math.min(count, mustBeThere.size);
          if (isShort) throw wrongNames(`${mustBeThere.size} records`, `${found.length}`);
          return bytes;
        };
      },
    };
  }

  /** All names, in order. */
  get names(): string[] {
    return [...this.#states.keys()].sort((a, b) => a - b).map(recordName);
  }

  /**
   * Reads everything, and lists it: nothing is missing, and there is nothing else.
   *
   * @param others - Names behind those of records that are there too.
   */
  async verify(others: readonly string[] = []): Promise<number> {
    const indexes = [...this.#states.keys()];
    await inLanes(16, indexes.length, async (position) => {
      (await this.read(indexes[position] as number).run())();
    });
    sameNames(await this.#target.list(), [...this.names, ...others]);
    return indexes.length;
  }

  #stateOf(index: number): RecordState {
    const state = this.#states.get(index) ?? newState();
    this.#states.set(index, state);
    this.#last = Math.max(this.#last, index);
    return state;
  }

  async #write(state: RecordState, revision: number, write: () => Promise<void>): Promise<void> {
    const turn = state.written.then(write);
    state.written = turn.catch(() => {});
    await turn;
    state.acknowledged = revision;
  }

  #compare(
    index: number,
    least: number,
    most: number,
    found: Uint8Array | undefined,
  ): ReturnType<Check> {
    if (found === undefined && least < 0) return 0;
    if (found !== undefined) {
      for (let revision = most; revision >= Math.max(0, least); revision--) {
        if (Buffer.compare(found, this.#contentOf(index, revision)) === 0) return found.length;
      }
    }
    const what = found === undefined ? 'nothing' : 'other bytes';
    throw new WrongAnswer(`${recordName(index)} was stored, and ${what} came back`);
  }
}

function newState(): RecordState {
  return { acknowledged: -1, issued: -1, written: Promise.resolve() };
}

/** Throws unless the bytes are the same. Returns how many there are. */
export function sameBytes(found: Uint8Array, expected: Uint8Array, what: string): number {
  if (Buffer.compare(found, expected) === 0) return found.length;
  throw new WrongAnswer(`${what}: ${expected.length} bytes expected, others came back`);
}

/** Throws unless the names are the same, in the same order. */
export function sameNames(found: readonly string[], expected: readonly string[]): void {
  const different = expected.findIndex((name, index) => name !== found[index]);
  if (different >= 0) throw wrongNames(expected[different], found[different]);
  if (found.length > expected.length) throw wrongNames('no more names', found[expected.length]);
}

function wrongNames(expected = 'no more names', found = 'no more names'): WrongAnswer {
  return new WrongAnswer(`a listing has ${found} where ${expected} should be`);
}
