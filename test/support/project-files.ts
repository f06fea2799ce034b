/**
 * The files of the project, as the tests about documents and house rules see them.
 *
 * Everything but what git ignores, found by walking the folder and not by asking git: the tests
 * must also pass in a copy that was unpacked from an archive, on a machine without git.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const projectRoot: string = fileURLToPath(new URL('../..', import.meta.url));

/** A text file: its path from the root, with `/` between the parts. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** Every file whose path passes, in order of paths. */
export function projectFiles(wanted: (path: string) => boolean): ProjectFile[] {
  return walk('')
    .filter(wanted)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(projectRoot, path), 'utf8') }));
}

const ignoredFolders = readFileSync(join(projectRoot, '.gitignore'), 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('/'))
  .map((line) => line.slice(0, -1));

function walk(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    // In a second worktree `.git` is a file.
    if (entry.name === '.git') return [];
    if (entry.isFile()) return [path];
    return entry.isDirectory() && !isIgnored(path) ? walk(path) : [];
  });
}

/** As git reads it: a pattern with a `/` inside means one place, any other means every place. */
function isIgnored(path: string): boolean {
  const name = basename(path);
  return ignoredFolders.some((folder) => folder === path || folder === name);
}
