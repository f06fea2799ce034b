/**
 * Writing a file so that its name never shows half of it.
 *
 * The content goes into a new file beside it, made exclusively and so never through a link, which
 * is renamed when it is complete; after a failure it is removed. A link under the final name is
 * replaced and not followed. Nothing is synced: the file is as durable as one that `cp` wrote, and
 * the store still has it.
 *
 * @module
 */

import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError, UsageError } from './exit-code.ts';
import { type FileAttributes, toSeconds } from './file-attributes.ts';

/** Content as it comes out of a bucket. */
export type Content = Uint8Array | AsyncIterable<Uint8Array>;

/** Writes a file, replacing one that is there. Resolves when it is complete under its name. */
export async function writeNewFile(
  path: string,
  content: Content,
  attributes: FileAttributes = {},
): Promise<void> {
  const temporary = join(dirname(path), `.varve-${crypto.randomUUID()}.tmp`);
  const { mode, mtimeUs } = attributes;
  // Whoever the final mode keeps out must not be let in while the file is written.
  const file = await open(temporary, 'wx', mode === undefined ? 0o666 : 0o600);
  try {
    try {
      await writeFile(file, content);
      if (mode !== undefined) await file.chmod(mode);
      if (mtimeUs !== undefined) await file.utimes(toSeconds(mtimeUs), toSeconds(mtimeUs));
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes to a path that a person named: through links, and into a device or a pipe as it is, which
 * must not be replaced by a file.
 */
export async function writeNamedFile(path: string, content: Content): Promise<void> {
  const status = await statusOf(path);
  if (status?.isDirectory() === true) {
    throw new UsageError(`'${path}' is a folder: name the file to write, or use varve export`);
  }
  if (status !== undefined && !status.isFile()) {
    const device = await open(path, 'w');
    try {
      await writeFile(device, content);
    } finally {
      await device.close();
    }
    return;
  }
  await writeNewFile(status === undefined ? path : await realpath(path), content);
}

async function statusOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
