/**
 * Where rows are measured: a folder that is removed at the end, the sizes of this run, and what
 * several rows need and nobody wants to make twice.
 *
 * @module
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TurnLimit } from './turns.ts';

/** After so long a row begins no further turn, so that all of them take less than 20 minutes. */
const rowSeconds = 60;

/** How large everything is. */
export interface Scale {
  readonly turns: number;
  /** Of a turn that is as long as one wants. */
  readonly seconds: number;
  readonly streamBytes: number;
  /** In so many groups of so many names. */
  readonly groups: number;
  readonly namesInGroup: number;
  /** Of the small one of two stores. */
  readonly fewGroups: number;
  /** Operations whose latencies a turn takes. */
  readonly samples: number;
  /** Operations of a turn with many in flight. */
  readonly operations: number;
  /** Objects since the last checkpoint, in a store that crashed. */
  readonly tail: number;
  /** A corpus that is made here, and not the real one. */
  readonly isSmoke: boolean;
}

export const fullScale: Scale = {
  turns: 3,
  seconds: 2,
  streamBytes: 2 ** 30,
  groups: 1000,
  namesInGroup: 1000,
  fewGroups: 10,
  samples: 400,
  operations: 10_000,
  tail: 16_000,
  isSmoke: false,
};

export const smokeScale: Scale = {
  turns: 1,
  seconds: 60,
  streamBytes: 2 ** 21,
  groups: 10,
  namesInGroup: 60,
  fewGroups: 2,
  samples: 10,
  operations: 60,
  tail: 50,
  isSmoke: true,
};

export class Workplace {
  readonly scale: Scale;
  /** Where corpora are kept. */
  readonly corporaFolder: string;
  /** Says what is being done. */
  readonly say: (what: string) => void;
  readonly #sandbox: string;
  readonly #made = new Map<string, Promise<unknown>>();
  #folders = 0;
  #rowBegunMs = 0;

  constructor(options: {
    readonly sandbox: string;
    readonly corporaFolder: string;
    readonly scale: Scale;
    readonly say: (what: string) => void;
  }) {
    this.#sandbox = options.sandbox;
    this.corporaFolder = options.corporaFolder;
    this.scale = options.scale;
    this.say = options.say;
  }

  /** A row begins, with its own share of the time. */
  beginRow(): void {
    this.#rowBegunMs = performance.now();
  }

  /** As many turns as there are time for; some rows have quick ones, and more of them. */
  turns(more = 0): TurnLimit {
    const { turns, isSmoke } = this.scale;
    return {
      turns: isSmoke ? turns : turns + more,
      isOver: () => performance.now() - this.#rowBegunMs > rowSeconds * 1000,
    };
  }

  /** A new, empty folder. */
  newFolder(name: string): string {
    const folder = join(this.#sandbox, `${name}-${this.#folders++}`);
    mkdirSync(folder);
    return folder;
  }

  /** A new, empty folder, for as long as something takes. */
  async inFolder<T>(name: string, action: (folder: string) => Promise<T>): Promise<T> {
    const folder = this.newFolder(name);
    try {
      return await action(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** What several rows need: it is made when the first of them asks. */
  shared<T>(what: string, make: () => Promise<T>): Promise<T> {
    const made = (this.#made.get(what) as Promise<T> | undefined) ?? make();
    this.#made.set(what, made);
    return made;
  }
}
