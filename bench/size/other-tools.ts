/**
 * What people store evolving files with today, each as its manual says to.
 *
 * Two of them divide content into chunks (restic, borg), one is what a packed repository comes to
 * (git), and one has no random access at all (zstd over everything): it says how far the others are
 * from the limit. None reads a configuration of the machine's user.
 *
 * @module
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, type Release } from '../../scripts/releases.ts';
import { borgCall } from '../../src/cli/bench/borg-target.ts';
import { gitCall } from '../../src/cli/bench/git-target.ts';
import { resticCall } from '../../src/cli/bench/restic-target.ts';
import { run, type Tool, versionOf } from './tool.ts';

/** With its defaults: since 0.14 these compress. */
const restic: Tool = {
  name: 'restic',
  version: () => versionOf('restic', 'version'),
  begin: (repository) => runRestic(repository, ['init']),
  add: (repository, { folder }) => runRestic(repository, ['backup', '.'], folder),
  stages: [{ name: 'restic' }],
  partOf: (path) => {
    if (path.startsWith('data/')) return 'segments';
    if (path.startsWith('snapshots/')) return 'snapshots';
    return path.startsWith('index/') ? 'index' : 'other';
  },
};

/** A repository, and beside it what the tool keeps elsewhere: no part of what is measured. */
function placesOf(repository: string): { readonly repository: string; readonly home: string } {
  const home = `${repository}-home`;
  mkdirSync(home, { recursive: true });
  return { repository, home };
}

function runRestic(repository: string, argv: readonly string[], cwd?: string): void {
  run(resticCall(placesOf(repository), argv, cwd));
}

const borg: Tool = {
  name: 'borg',
  version: () => versionOf('borg', '--version'),
  begin: (repository) => runBorg(repository, ['init', '--encryption', 'none', repository]),
  add: (repository, { version, folder }) => {
    const archive = `${repository}::${version}`;
    runBorg(repository, ['create', '--compression', 'zstd,3', archive, '.'], folder);
  },
  stages: [{ name: 'borg, zstd,3' }],
  partOf: (path) => {
    if (path.startsWith('data/')) return 'segments';
    return /^(index|hints|integrity)\./.test(path) ? 'index' : 'other';
  },
};

function runBorg(repository: string, argv: readonly string[], cwd?: string): void {
  run(borgCall(placesOf(repository), argv, cwd));
}

/** One commit a release. The list of what is checked out is no part of the repository. */
const git: Tool = {
  name: 'git',
  version: () => versionOf('git', '--version'),
  begin: (repository) => runGit(repository, ['init', '--bare', '--quiet', '--template=', '.']),
  add: (repository, { version, folder }) => {
    const tree = `--work-tree=${folder}`;
    runGit(repository, [tree, 'add', '--all', '--force', '.'], folder);
    runGit(repository, [tree, 'commit', '--quiet', '--allow-empty', '-m', version], folder);
  },
  stages: [
    // With one thread, as with more it is larger, and another size each time.
    { name: 'git packed', run: (path) => runGit(path, ['repack', '-adfq']) },
    {
      name: 'git gc --aggressive',
      run: (path) => runGit(path, ['gc', '--aggressive', '--quiet', '--prune=now']),
    },
  ],
  partOf: (path) => {
    if (/\.(idx|rev|bitmap)$/.test(path)) return 'index';
    return path.startsWith('objects/') ? 'segments' : 'other';
  },
};

function runGit(repository: string, argv: readonly string[], cwd = repository): void {
  run(gitCall(placesOf(repository), argv, cwd));
}

const zstd: Tool = {
  name: 'zstd',
  version: () => versionOf('zstd', '--version'),
  begin: () => undefined,
  add: () => undefined,
  stages: [{ name: 'tar, zstd -3 --long=31', run: archiveAll }],
  partOf: () => 'segments',
};

function archiveAll(repository: string, releases: readonly Release[]): void {
  // Beside the repository, as it is no part of what is measured.
  const archive = `${repository}-all.tar`;
  const files = releases.flatMap(({ folder }) => filesOf(folder).map((path) => join(folder, path)));
  const input = `${files.join('\n')}\n`;
  run({ program: 'tar', argv: ['-P', '-cf', archive, '-T', '-'], input });
  const target = join(repository, 'all.tar.zst');
  run({ program: 'zstd', argv: ['-3', '--long=31', '--quiet', '--rm', archive, '-o', target] });
}

export const otherTools: readonly Tool[] = [restic, borg, git, zstd];
