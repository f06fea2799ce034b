/**
 * From names of objects to files in a folder, and never out of it.
 *
 * A name may be anything; a path may not. {@link refusalOf} looks at the name alone: empty parts,
 * `.` and `..`, a NUL, and on Windows whatever that system gives a meaning of its own. {@link
 * FolderTree} looks at what is in the folder: it makes the folders on the way one by one, and a
 * link among them is refused wherever it leads. The last part of a path is never opened but
 * replaced, so a link there does no harm.
 *
 * A process that swaps folders for links while an export runs is not guarded against: Node cannot
 * open a file relative to an open folder.
 *
 * @module
 */

import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { isSystemError } from './exit-code.ts';

/** Why a name was not written. The others can still be. */
export class RefusedName extends Error {
  override readonly name = 'RefusedName';
}

/** CON, NUL and their like name devices there, with any extension. */
const windowsDevice =
  /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\.|$)/i;
// eslint-disable-next-line no-control-regex -- these are what Windows refuses.
const windowsCharacters = /[<>:"\\|?*\u0000-\u001f]/;

/** Why a name cannot be a path below a folder; `undefined` if it can. */
export function refusalOf(name: string, platform: NodeJS.Platform): string | undefined {
  if (name.includes('\0')) return 'it holds a NUL';
  for (const part of name.split('/')) {
    if (part === '') return 'a part of it is empty';
    if (part === '.' || part === '..') return `a part of it is '${part}'`;
    if (platform !== 'win32') continue;
    if (windowsCharacters.test(part)) return 'it holds a character that Windows reserves';
    if (windowsDevice.test(part)) return 'a part of it names a Windows device';
    if (/[. ]$/.test(part)) return 'a part of it ends in a dot or a space';
  }
  return undefined;
}

/** A folder that is filled with files, and what is known about the folders in it. */
export class FolderTree {
  readonly #root: string;
  readonly #forbidden: string;
  readonly #platform: NodeJS.Platform;
  /** Folders that were made or looked at: they are real folders inside the root. */
  readonly #folders = new Map<string, Promise<void>>();
  /** Names taken before, as the file system may compare them. */
  readonly #taken = new Set<string>();

  private constructor(root: string, forbidden: string, platform: NodeJS.Platform) {
    this.#root = root;
    this.#forbidden = forbidden;
    this.#platform = platform;
  }

  /**
   * Makes the root if it is not there.
   *
   * @param forbidden - A folder in which nothing is written, even if it lies below the root.
   */
  static async open(root: string, forbidden: string): Promise<FolderTree> {
    await mkdir(root, { recursive: true });
    return new FolderTree(await realpath(root), await realpath(forbidden), process.platform);
  }

  /**
   * Takes a name for a file. Names must come in bytewise order, one call after the other: of `a`
   * and `a/b`, the first then always is the one that becomes a file. Throws {@link RefusedName}.
   */
  take(name: string): void {
    const refusal = refusalOf(name, this.#platform);
    if (refusal !== undefined) throw new RefusedName(refusal);
    const taken = this.#folded(name);
    for (let end = taken.indexOf('/'); end >= 0; end = taken.indexOf('/', end + 1)) {
      if (this.#taken.has(taken.slice(0, end))) {
        throw new RefusedName(`'${name.slice(0, end)}' is an object and so a file`);
      }
    }
    if (this.#taken.has(taken)) throw new RefusedName('another name differs only in its case');
    this.#taken.add(taken);
  }

  /**
   * Makes the folders above a file. Resolves with the path to write. Throws {@link RefusedName}.
   */
  async prepare(name: string): Promise<string> {
    const path = join(this.#root, ...name.split('/'));
    if (`${this.#folded(path)}${sep}`.startsWith(`${this.#folded(this.#forbidden)}${sep}`)) {
      throw new RefusedName('it lies in the store itself');
    }
    await this.#ensureFolder(dirname(path));
    const status = await lstatOrUndefined(path);
    if (status?.isDirectory() === true) throw new RefusedName('there is a folder of that name');
    return path;
  }

  #ensureFolder(path: string): Promise<void> {
    if (path === this.#root) return Promise.resolve();
    let made = this.#folders.get(path);
    if (made === undefined) {
      made = this.#makeFolder(path);
      this.#folders.set(path, made);
    }
    return made;
  }

  async #makeFolder(path: string): Promise<void> {
    await this.#ensureFolder(dirname(path));
    try {
      await mkdir(path);
    } catch (error) {
      if (!isSystemError(error) || error.code !== 'EEXIST') throw error;
      const status = await lstatOrUndefined(path);
      if (status?.isDirectory() === true) return;
      const what = status?.isSymbolicLink() === true ? 'a symbolic link' : 'not a folder';
      throw new RefusedName(`'${path}' is ${what}`);
    }
  }

  /** A name as file systems of this platform may compare it: without regard to case, or exactly. */
  #folded(name: string): string {
    const ignoresCase = this.#platform === 'win32' || this.#platform === 'darwin';
    return ignoresCase ? name.normalize('NFC').toLowerCase() : name;
  }
}

async function lstatOrUndefined(
  path: string,
): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
