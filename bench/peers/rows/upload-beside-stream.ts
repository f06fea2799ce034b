/**
 * Do small uploads have to wait when a large stream comes in?
 */

import { formatMs } from '../../../src/cli/bench/bench-format.ts';
import { Histogram } from '../../../src/cli/bench/histogram.ts';
import { seededBytes } from '../../../src/cli/torture/content.ts';
import { type Bucket, openStore } from '../../../src/index.ts';
import { checkSame, randomFile, storedName, streamOf } from '../random-file.ts';
import type { Turn } from '../goal.ts';
import type { Row } from '../row.ts';
import { medianOf } from '../turns.ts';

/** Uploads that wait for an answer at a time, and how long each pauses after it. */
const inFlight = 4;
const pauseMs = 2;
const contentBytes = 4096;

export const uploadBesideStream: Row = {
  name: 'upload-beside-stream',
  work: 'p99 of 4 KiB uploads while 1 GiB streams in',
  how:
    "4 in flight, each new bytes with durability 'power', 2 ms after the answer to the one " +
    'before, as clients come: until the stream is stored, and alone for 3 s before it. A new ' +
    'store in each turn. Everything is read back and compared.',
  comparisons: [{ against: 'the same uploads alone', goal: { timesItsCost: 3 } }],
  measure: async (place) => {
    const file = await randomFile(place);
    const turns: Turn[] = [];
    const { turns: turnsMax, isOver } = place.turns();
    while (turns.length < turnsMax && !(turns.length >= 2 && isOver())) {
      await place.inFolder('beside', async (folder) => {
        await using store = await openStore(folder);
        const bucket = store.bucket('objects');
        const alone = new Uploads(bucket, 'alone');
        const aloneMs = place.scale.isSmoke ? 100 : 3000;
        await alone.during(new Promise((resolve) => setTimeout(resolve, aloneMs)));
        const beside = new Uploads(bucket, 'beside');
        await beside.during(bucket.upload(storedName, streamOf(file)));
        turns.push({ ours: beside.p99 / 1000, theirs: alone.p99 / 1000 });
        await Promise.all([alone.check(), beside.check()]);
        await checkSame(bucket.downloadStream(storedName), file, 'the stream');
      });
    }
    const p99 = (values: readonly number[]): string => formatMs(medianOf(values) * 1000);
    const beside = p99(turns.map(({ ours }) => ours));
    const note = `p99 ${beside}, alone ${p99(turns.map(({ theirs = NaN }) => theirs))}`;
    return [{ turns, unit: 's', note }];
  },
};

/** Small uploads until something else is over. */
class Uploads {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #latencies = new Histogram();
  #count = 0;
  #isOver = false;

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  get p99(): number {
    return this.#latencies.percentileMs(99);
  }

  async during(other: Promise<unknown>): Promise<void> {
    const lanes = Array.from({ length: inFlight }, () => this.#lane());
    const stop = (): void => {
      this.#isOver = true;
    };
    await Promise.all([other.finally(stop), ...lanes]);
  }

  async check(): Promise<void> {
    for (let index = 0; index < this.#count; index++) {
      const found = await this.#bucket.download(this.#nameOf(index));
      if (Buffer.compare(found, this.#contentOf(index)) !== 0) {
        throw new Error(`${this.#nameOf(index)}: other bytes came back`);
      }
    }
  }

  async #lane(): Promise<void> {
    do {
      const index = this.#count++;
      const content = this.#contentOf(index);
      const begunMs = performance.now();
      await this.#bucket.upload(this.#nameOf(index), content);
      this.#latencies.record(performance.now() - begunMs);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } while (!this.#isOver);
  }

  #nameOf(index: number): string {
    return `${this.#prefix}/${index}`;
  }

  #contentOf(index: number): Uint8Array {
    return seededBytes(`${this.#prefix} ${index}`, contentBytes);
  }
}
