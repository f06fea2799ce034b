/**
 * git as a target: a commit for each tree, and a blob with a reference for each stream or version.
 *
 * Its objects are loose when they come in; at the end `git gc` packs them, as git does by itself
 * when there are many.
 *
 * @module
 */

import { join } from 'node:path';
import { type ProgramCall, runProgram } from './program.ts';
import type { Durability, ToolKind } from './target.ts';
import { type Tool, toolKind, type ToolPlaces } from './tool-target.ts';

const shared = 'add and commit of a tree, hash-object for bytes; gc at the end, not timed';

export const gitKind: ToolKind = toolKind({
  name: 'git',
  version: ['--version'],
  usage: {
    power: `core.fsync=all; ${shared}`,
    os: `core.fsync=none; ${shared}`,
  },
  open: (places) => new Git(places),
});

const settings = {
  'core.autocrlf': 'false',
  'core.bare': 'false',
  'core.excludesFile': '/dev/null',
  'gc.auto': '0',
  'pack.threads': '1',
  'user.name': 'measured',
  'user.email': 'measured@example.com',
};

/** How git is called: it reads no configuration but this one, and its index lies elsewhere. */
export function gitCall(
  { repository, home, durability }: Partial<ToolPlaces> & { repository: string; home: string },
  argv: readonly string[],
  cwd: string = repository,
): ProgramCall {
  const all = { ...settings, ...(durability !== undefined && syncSettings[durability]) };
  const given = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return {
    program: 'git',
    argv: [...given, `--git-dir=${repository}`, ...argv],
    cwd,
    env: {
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_INDEX_FILE: join(home, 'index'),
    },
  };
}

const syncSettings: Readonly<Record<Durability, Readonly<Record<string, string>>>> = {
  power: { 'core.fsync': 'all' },
  os: { 'core.fsync': 'none' },
};

class Git implements Tool {
  readonly #places: ToolPlaces;

  constructor(places: ToolPlaces) {
    this.#places = places;
  }

  async init(): Promise<void> {
    await this.#run(['init', '--bare', '--quiet', '--template=', '.']);
  }

  async storeBytes(label: string, pieces: readonly Uint8Array[]): Promise<void> {
    const call = gitCall(this.#places, ['hash-object', '-w', '--stdin']);
    const id = (await runProgram(call, pieces)).toString('latin1').trim();
    await this.#run(['update-ref', bytesRef(label), id]);
  }

  loadBytes(label: string): Promise<Uint8Array> {
    return this.#run(['cat-file', 'blob', bytesRef(label)]);
  }

  async storeTree(label: string, folder: string): Promise<void> {
    const tree = `--work-tree=${folder}`;
    await this.#run([tree, 'add', '--all', '--force', '.'], folder);
    await this.#run([tree, 'commit', '--quiet', '--allow-empty', '-m', label], folder);
    await this.#run(['update-ref', treeRef(label), 'HEAD']);
  }

  async loadTree(label: string, folder: string): Promise<void> {
    await this.#run([`--work-tree=${folder}`, 'checkout', treeRef(label), '--', '.'], folder);
  }

  async tidy(): Promise<void> {
    await this.#run(['gc', '--quiet']);
  }

  #run(argv: readonly string[], cwd?: string): Promise<Buffer> {
    return runProgram(gitCall(this.#places, argv, cwd));
  }
}

function bytesRef(label: string): string {
  return `refs/bytes/${label}`;
}

function treeRef(label: string): string {
  return `refs/trees/${label}`;
}
