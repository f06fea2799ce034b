/**
 * borg as a target: an archive for each tree, stream or version.
 *
 * @module
 */

import { type ProgramCall, runProgram } from './program.ts';
import type { ToolKind } from './target.ts';
import { type Tool, toolKind, type ToolPlaces } from './tool-target.ts';

const usage =
  'borg create, no encryption, compression zstd,3, an archive for each call; it syncs its ' +
  'segments on every commit, and cannot be told not to';

export const borgKind: ToolKind = toolKind({
  name: 'borg',
  version: ['--version'],
  usage: { power: usage, os: usage },
  open: (places) => new Borg(places),
});

/** How borg is called: its cache and its keys are neither in the repository nor the user's. */
export function borgCall(
  { home }: Pick<ToolPlaces, 'home'>,
  argv: readonly string[],
  cwd?: string,
): ProgramCall {
  return {
    program: 'borg',
    argv,
    env: { BORG_BASE_DIR: home, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes' },
    ...(cwd !== undefined && { cwd }),
  };
}

const fileName = 'content';

class Borg implements Tool {
  readonly #places: ToolPlaces;

  constructor(places: ToolPlaces) {
    this.#places = places;
  }

  async init(): Promise<void> {
    await this.#run(['init', '--encryption', 'none', this.#places.repository]);
  }

  async storeBytes(label: string, pieces: readonly Uint8Array[]): Promise<void> {
    const argv = ['create', ...compression, '--stdin-name', fileName, this.#archive(label), '-'];
    await runProgram(borgCall(this.#places, argv), pieces);
  }

  loadBytes(label: string): Promise<Uint8Array> {
    return this.#run(['extract', '--stdout', this.#archive(label), fileName]);
  }

  async storeTree(label: string, folder: string): Promise<void> {
    await this.#run(['create', ...compression, this.#archive(label), '.'], folder);
  }

  async loadTree(label: string, folder: string): Promise<void> {
    await this.#run(['extract', this.#archive(label)], folder);
  }

  #archive(label: string): string {
    return `${this.#places.repository}::${label}`;
  }

  #run(argv: readonly string[], cwd?: string): Promise<Buffer> {
    return runProgram(borgCall(this.#places, argv, cwd));
  }
}

const compression = ['--compression', 'zstd,3'];
