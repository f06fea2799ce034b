/**
 * Latencies, counted in buckets that grow with them.
 *
 * As in an HDR histogram: of each power of two there are 64 buckets, so a percentile is at most
 * 1/64 above the true one, and a run of any length takes a few kilobytes. The unit inside is 0.1 µs
 * (the clock of Node is not finer), so below 12.8 µs values are exact to it. Maximum and mean are
 * exact.
 *
 * @module
 */

const unitsPerMs = 10_000;
const subBuckets = 64;
const subBucketBits = 6;

export class Histogram {
  /** Buckets that have been met; those between are 0. */
  readonly #counts: number[] = [];
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** 0 if it is empty. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  record(ms: number): void {
    const bucket = bucketOf(Math.max(0, Math.round(ms * unitsPerMs)));
    while (this.#counts.length <= bucket) this.#counts.push(0);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#sumMs += ms;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** Adds what another one counted. */
  add(other: Histogram): void {
    while (this.#counts.length < other.#counts.length) this.#counts.push(0);
    for (const [bucket, count] of other.#counts.entries()) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    }
    this.#count += other.#count;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  /** The least value that so many percent of all are not above, or at most 1/64 more. */
  percentileMs(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(highestOf(bucket) / unitsPerMs, this.#maxMs);
    }
    return this.#maxMs;
  }
}

/** Units below 128 have a bucket each; above, each power of two has 64. */
function bucketOf(units: number): number {
  if (units < 2 * subBuckets) return units;
  const shift = Math.floor(Math.log2(units)) - subBucketBits;
  return shift * subBuckets + Math.floor(units / 2 ** shift);
}

/** The greatest number of units that a bucket counts. */
function highestOf(bucket: number): number {
  if (bucket < 2 * subBuckets) return bucket;
  const shift = Math.floor(bucket / subBuckets) - 1;
  return (bucket - shift * subBuckets + 1) * 2 ** shift - 1;
}
