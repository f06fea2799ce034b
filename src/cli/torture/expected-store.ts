/**
 * What must be in a store after its process was killed, told from what that process reported.
 *
 * Of each name it keeps every history that is allowed. An acknowledged change is in all of them; a
 * change that was begun and not acknowledged when the process died is in some and not in others,
 * whole or not at all. Looking at the store leaves the one history that was found.
 *
 * @module
 */

import type { Bucket, Store, VersionEntry } from '../../index.ts';
import { sha256Of } from './content.ts';
import type { LoadBucket, LoadChange, LoadReport } from './load-report.ts';

/** One version. `version` is not known for what was not acknowledged, and of delete markers. */
interface ExpectedVersion {
  readonly version: string | undefined;
  /** `undefined`: a delete marker. */
  readonly sha256: string | undefined;
  readonly size: number;
}

/** Newest first. */
type History = readonly ExpectedVersion[];

interface ExpectedName {
  readonly bucket: LoadBucket;
  histories: readonly History[];
  pending: LoadChange | undefined;
  /** Changed, or begun to change, since it was last looked at. */
  isTouched: boolean;
}

/** Of changes that nobody acknowledged: how many were found done, whole, and how many not. */
interface FoundCounts {
  foundDone: number;
  foundUndone: number;
}

const bucketNames: readonly LoadBucket[] = ['plain', 'versioned'];

export class ExpectedStore {
  readonly #names = new Map<string, ExpectedName>();
  /** Contents that were read and hashed, by their etags. */
  readonly #hashes = new Map<string, string>();
  readonly #counts: FoundCounts;

  /** @param counts - Counts up while stores are compared. */
  constructor(counts: FoundCounts) {
    this.#counts = counts;
  }

  /** Takes in what the process said. */
  take(report: LoadReport): void {
    if (!('bucket' in report)) return;
    const { bucket, name } = report;
    const expected = this.#names.get(`${bucket} ${name}`) ?? {
      bucket,
      histories: [[]],
      pending: undefined,
      isTouched: true,
    };
    this.#names.set(`${bucket} ${name}`, expected);
    expected.isTouched = true;
    switch (report.step) {
      case 'begin':
        // What was begun before and never answered may have happened, or not.
        settle(expected);
        expected.pending = report.change;
        return;
      case 'undone':
        expected.pending = undefined;
        return;
      case 'done': {
        const { pending } = expected;
        if (pending === undefined) throw new Error(`never begun: ${bucket} ${name}`);
        expected.histories = expected.histories.map((history) =>
          changed(history, pending, bucket, report.version),
        );
        expected.pending = undefined;
      }
    }
  }

  /** The process is dead: each change that was under way was done, or was not. */
  killed(): void {
    for (const expected of this.#names.values()) settle(expected);
  }

  /** Compares a store with what must be in it. Returns what is wrong: nothing, if all is well. */
  async problemsOf(store: Store): Promise<string[]> {
    const problems: string[] = [];
    for (const bucketName of bucketNames) {
      const bucket = store.bucket(bucketName);
      const found = await this.#historiesIn(bucketName, bucket);
      problems.push(...this.#compare(bucketName, found), ...(await listingProblems(bucket, found)));
    }
    const { ok, damaged, problems: others } = await store.verify();
    if (!ok) problems.push(...damaged.map((version) => JSON.stringify(version)), ...others);
    return problems;
  }

  /** What the store has, by name. Contents of names that were touched are read. */
  async #historiesIn(bucketName: string, bucket: Bucket): Promise<Map<string, ExpectedVersion[]>> {
    const found = new Map<string, ExpectedVersion[]>();
    for await (const entry of bucket.versions()) {
      const history = found.get(entry.name) ?? [];
      found.set(entry.name, history);
      const isTouched = this.#names.get(`${bucketName} ${entry.name}`)?.isTouched === true;
      const sha256 = entry.deleteMarker ? undefined : await this.#hash(bucket, entry, isTouched);
      history.push({ version: entry.version, sha256, size: entry.size });
    }
    return found;
  }

  async #hash(bucket: Bucket, entry: VersionEntry, isTouched: boolean): Promise<string> {
    const known = this.#hashes.get(entry.etag);
    if (known !== undefined && !isTouched) return known;
    const content = await bucket.download(entry.name, { version: entry.version });
    const sha256 = sha256Of(content);
    this.#hashes.set(entry.etag, sha256);
    return sha256;
  }

  #compare(bucketName: LoadBucket, found: ReadonlyMap<string, History>): string[] {
    const problems: string[] = [];
    for (const name of found.keys()) {
      if (!this.#names.has(`${bucketName} ${name}`)) problems.push(`nobody made ${name}`);
    }
    for (const [key, expected] of this.#names) {
      if (expected.bucket !== bucketName) continue;
      const history = found.get(key.slice(bucketName.length + 1)) ?? [];
      const match = expected.histories.findIndex((allowed) => isSame(allowed, history));
      if (match < 0) {
        const shown = JSON.stringify({ found: history, allowed: expected.histories }, null, 1);
        problems.push(`${key} is not what it must be: ${shown}`);
        continue;
      }
      if (expected.histories.length > 1) this.#counts[match === 0 ? 'foundUndone' : 'foundDone']++;
      expected.histories = [history];
      expected.isTouched = false;
    }
    return problems;
  }
}

/** The change that was under way was done, or was not. */
function settle(expected: ExpectedName): void {
  const { bucket, histories, pending } = expected;
  if (pending === undefined) return;
  expected.histories = histories.flatMap((history) => [
    history,
    changed(history, pending, bucket, undefined),
  ]);
  expected.pending = undefined;
}

/** A history after a change. `version`: its id, if it is known. */
function changed(
  history: History,
  change: LoadChange,
  bucket: LoadBucket,
  version: string | undefined,
): History {
  const isVersioned = bucket === 'versioned';
  switch (change.kind) {
    case 'put': {
      const { sha256, size } = change;
      return [{ version, sha256, size }, ...(isVersioned ? history : [])];
    }
    case 'remove':
      return isVersioned ? [{ version: undefined, sha256: undefined, size: 0 }, ...history] : [];
    case 'purge':
      return history.filter((_, place) => place !== change.place);
  }
}

function isSame(allowed: History, found: History): boolean {
  return (
    allowed.length === found.length &&
    allowed.every(({ version, sha256, size }, i) => {
      const other = found[i];
      const isVersion = version === undefined || version === other?.version;
      return isVersion && sha256 === other?.sha256 && size === other?.size;
    })
  );
}

/** The listing shows exactly the names whose newest version is no delete marker. */
async function listingProblems(bucket: Bucket, found: Map<string, History>): Promise<string[]> {
  const listed: string[] = [];
  for await (const { name } of bucket.list()) listed.push(name);
  const current = [...found].filter(([, [newest]]) => newest?.sha256 !== undefined);
  const expected = current.map(([name]) => name).sort();
  const isRight = JSON.stringify(listed) === JSON.stringify(expected);
  return isRight ? [] : [`the listing shows ${listed.join()} and not ${expected.join()}`];
}
