/**
 * restic as a target: a snapshot for each tree, stream or version.
 *
 * It encrypts always, and compresses by default since 0.14.
 *
 * @module
 */

import { type ProgramCall, runProgram } from './program.ts';
import type { ToolKind } from './target.ts';
import { type Tool, toolKind, type ToolPlaces } from './tool-target.ts';

const usage =
  'restic backup, compression auto, a snapshot for each call; it encrypts always, and syncs ' +
  'each pack (its local back-end knows no other way)';

export const resticKind: ToolKind = toolKind({
  name: 'restic',
  version: ['version'],
  usage: { power: usage, os: usage },
  open: (places) => new Restic(places),
});

/** How restic is called: its cache is not the user's. */
export function resticCall(
  { repository, home }: Pick<ToolPlaces, 'repository' | 'home'>,
  argv: readonly string[],
  cwd?: string,
): ProgramCall {
  return {
    program: 'restic',
    argv: ['--repo', repository, '--cache-dir', home, '--quiet', ...argv],
    env: { RESTIC_PASSWORD: 'measured' },
    ...(cwd !== undefined && { cwd }),
  };
}

const fileName = 'content';

class Restic implements Tool {
  readonly #places: ToolPlaces;

  constructor(places: ToolPlaces) {
    this.#places = places;
  }

  async init(): Promise<void> {
    await this.#run(['init']);
  }

  async storeBytes(label: string, pieces: readonly Uint8Array[]): Promise<void> {
    const argv = ['backup', '--tag', label, '--stdin', '--stdin-filename', fileName];
    await runProgram(resticCall(this.#places, argv), pieces);
  }

  loadBytes(label: string): Promise<Uint8Array> {
    return this.#run(['dump', '--tag', label, 'latest', `/${fileName}`]);
  }

  async storeTree(label: string, folder: string): Promise<void> {
    await this.#run(['backup', '--tag', label, '.'], folder);
  }

  async loadTree(label: string, folder: string): Promise<void> {
    await this.#run(['restore', '--tag', label, 'latest', '--target', folder]);
  }

  #run(argv: readonly string[], cwd?: string): Promise<Buffer> {
    return runProgram(resticCall(this.#places, argv, cwd));
  }
}
