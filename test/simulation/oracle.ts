/**
 * What a store may hold after a crash: knows nothing of journals, only of what was asked for and
 * what was answered.
 *
 * For each name it keeps the states that the name goes through, one for each deed. After a crash a
 * name must be in one of them: not before the last deed that is safe, not after the last that was
 * asked for. And all names together must be as at one moment: if a deed left its mark, so did all
 * that were answered before it was asked for, and those that the engine itself put before it.
 */

import type { BucketName, Content, Deed } from './deed.ts';

/** How far a deed had come at a moment. */
export const progress = { unknown: 0, asked: 1, answered: 2, safe: 3 } as const;
export type Progress = (typeof progress)[keyof typeof progress];

/** A version of a name, as the oracle knows it. */
type ModelVersion = Content | 'marker';

/** A deed that changes a name. */
interface Effect {
  readonly id: number;
  readonly step: number;
  readonly makesObject: boolean;
  /** The version that it made, once that is known. */
  lsn: number | undefined;
}

/** A name with its states: one more than it has effects. */
interface NameLife {
  readonly states: string[];
  readonly effects: Effect[];
  versions: ModelVersion[];
}

/** What a crash at a moment has to leave. */
export type Moment = readonly Progress[];

/** What a recovered store was found to hold. */
export interface Found {
  /** The state of each name that has one; a name is `bucket/name`. */
  readonly states: ReadonlyMap<string, string>;
  /** Version ids of objects, by name. */
  readonly lsns: ReadonlyMap<string, readonly (readonly [content: string, lsn: number])[]>;
}

/** What a name is that is not there. */
const noState = '';

export class Oracle {
  readonly #lives = new Map<string, NameLife>();
  readonly #progress: Progress[] = [];
  #step = -1;
  /** The highest version id that anybody was told. */
  lastLsn = 0;

  /** All deeds so far have been answered. */
  beginStep(): void {
    this.#step++;
  }

  /** The versions of a name, newest first, if everything asked for has happened. */
  versions(name: string): readonly ModelVersion[] {
    return this.#lives.get(name)?.versions ?? [];
  }

  /** A deed is asked for. Returns its number. */
  ask(name: string, becomes: readonly ModelVersion[], makesObject: boolean): number {
    const id = this.#progress.length;
    this.#progress.push(progress.asked);
    let life = this.#lives.get(name);
    if (life === undefined) this.#lives.set(name, (life = emptyLife()));
    life.versions = [...becomes];
    life.states.push(becomes.join('; '));
    life.effects.push({ id, step: this.#step, makesObject, lsn: undefined });
    return id;
  }

  /** It was answered, and made this version. */
  answer(id: number, isSafe: boolean, lsn?: number): void {
    this.#progress[id] = isSafe ? progress.safe : progress.answered;
    if (lsn === undefined) return;
    this.lastLsn = Math.max(this.lastLsn, lsn);
    for (const { effects } of this.#lives.values()) {
      const effect = effects.find((one) => one.id === id);
      if (effect !== undefined) effect.lsn = lsn;
    }
  }

  /** All that was answered by then is safe from now on. */
  secure(until: Moment): void {
    for (const [id, one] of until.entries()) {
      if (one === progress.answered) this.#progress[id] = progress.safe;
    }
  }

  moment(): Moment {
    return [...this.#progress];
  }

  /**
   * What is wrong with what was found after a crash at a moment, if anything is.
   *
   * @param required - From where on a deed must not be lost.
   */
  complaint(found: Found, moment: Moment, required: Progress): string | undefined {
    const reached = new Map<NameLife, number[]>();
    for (const name of found.states.keys()) {
      if (!this.#lives.has(name)) return `risen: ${name} was never there`;
    }
    for (const [name, life] of this.#lives) {
      const state = found.states.get(name) ?? noState;
      const min = countOf(life, ({ id }) => (moment[id] ?? 0) >= required);
      const max = countOf(life, ({ id }) => (moment[id] ?? 0) >= progress.asked);
      const matching = life.states.flatMap((one, at) => (one === state ? [at] : []));
      const allowed = matching.filter((at) => at >= min && at <= max);
      if (allowed.length === 0) {
        const expected = life.states.slice(min, max + 1).map((one) => `"${one}"`);
        const kind = matching.length === 0 ? 'partial' : 'lost or risen';
        return `${kind}: ${name} is "${state}", may be ${expected.join(' or ')}`;
      }
      reached.set(life, allowed);
      const wrongLsn = this.#wrongLsn(life, found.lsns.get(name) ?? []);
      if (wrongLsn !== undefined) return `stale: ${name} has version ${wrongLsn}`;
    }
    return this.#hole(reached);
  }

  /** A version id that the name never had for this content. */
  #wrongLsn(life: NameLife, lsns: readonly (readonly [string, number])[]): number | undefined {
    // While a deed's version is not known, any might be it.
    if (life.effects.some((one) => one.makesObject && one.lsn === undefined)) return undefined;
    const known = new Set(life.effects.map(({ lsn }) => lsn));
    return lsns.find(([, lsn]) => !known.has(lsn))?.[1];
  }

  /** Whether some later deed is there and some earlier one is not. */
  #hole(reached: ReadonlyMap<NameLife, readonly number[]>): string | undefined {
    for (let step = -1; step <= this.#step; step++) {
      const isCut = [...reached].every(([life, allowed]) => {
        const before = life.effects.filter((effect) => effect.step < step).length;
        const behind = life.effects.filter((effect) => effect.step <= step).length;
        return allowed.some((at) => at >= before && at <= behind);
      });
      if (isCut && this.#isOrdered(reached, step)) return undefined;
    }
    return 'hole: a later deed is there, and an earlier one is not';
  }

  /** Of the uploads of one step: whether those there are the first in the engine's own order. */
  #isOrdered(reached: ReadonlyMap<NameLife, readonly number[]>, step: number): boolean {
    let lastThere = 0;
    let firstMissing = Number.POSITIVE_INFINITY;
    for (const [life, allowed] of reached) {
      for (const [at, { step: own, lsn }] of life.effects.entries()) {
        if (own !== step || lsn === undefined) continue;
        if (allowed.every((count) => count > at)) lastThere = Math.max(lastThere, lsn);
        if (allowed.every((count) => count <= at)) firstMissing = Math.min(firstMissing, lsn);
      }
    }
    return lastThere < firstMissing;
  }
}

function emptyLife(): NameLife {
  return { states: [noState], effects: [], versions: [] };
}

/** How many effects there are up to the last of which something holds. */
function countOf({ effects }: NameLife, holds: (effect: Effect) => boolean): number {
  return effects.findLastIndex(holds) + 1;
}

/** What a deed makes of the versions of its name; `undefined` if it changes nothing. */
export function outcomeOf(
  deed: Deed,
  versions: readonly ModelVersion[],
  source: readonly ModelVersion[],
): readonly ModelVersion[] | undefined {
  const [newest] = versions;
  switch (deed.kind) {
    case 'upload':
      return withNew(deed.bucket, deed.content, versions);
    case 'copy': {
      const [from] = source;
      return from === undefined || from === 'marker'
        ? undefined
        : withNew(deed.bucket, from, versions);
    }
    case 'remove':
      if (newest === undefined || newest === 'marker') return undefined;
      return deed.bucket === 'notes' ? ['marker', ...versions] : [];
    case 'purge':
      return deed.nth < versions.length ? versions.toSpliced(deed.nth, 1) : undefined;
    case 'makeBucket':
    case 'sync':
    case 'timer':
    case 'settle':
    case 'compact':
    case 'giveUp':
    case 'optimize':
    case 'optimizeInParts':
    case 'reopen':
    case 'kill':
    case 'loseIndex':
      return undefined;
  }
}

function withNew(
  bucket: BucketName,
  content: Content,
  versions: readonly ModelVersion[],
): readonly ModelVersion[] {
  return bucket === 'notes' ? [content, ...versions] : [content];
}
