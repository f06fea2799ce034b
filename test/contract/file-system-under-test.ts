/**
 * A file system under test, with the few moves that its laws are told in.
 */

import { expect } from 'vitest';
import type { File, FileSystem } from '../../src/engine/platform/file-system.ts';

/** A file system, and an empty directory in it. */
export interface FileSystemUnderTest {
  readonly fs: FileSystem;
  readonly directory: string;
  /** The path of a name in the directory. */
  at(name: string): string;
  /** Creates a file. */
  put(name: string, text: string): Promise<void>;
  /** What a file holds. */
  textOf(name: string): Promise<string>;
}

/** What must hold for any file system: by a sentence, the proof. */
export type FileSystemLaws = Readonly<
  Record<string, (subject: FileSystemUnderTest) => Promise<void>>
>;

export function underTest(fs: FileSystem, directory: string): FileSystemUnderTest {
  const at = (name: string): string => `${directory}/${name}`;
  return {
    fs,
    directory,
    at,
    async put(name, text) {
      const file = await fs.open(at(name), 'create');
      await writeAll(file, [bytesOf(text)]);
      await file.close();
    },
    async textOf(name) {
      const file = await fs.open(at(name), 'read');
      const text = new TextDecoder().decode(await contentOf(file));
      await file.close();
      return text;
    },
  };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** All of a file, read as the port asks for: again while reads come back short. */
export async function contentOf(file: File): Promise<Uint8Array> {
  const content = new Uint8Array(await file.size());
  let done = 0;
  while (done < content.length) {
    const count = await file.read(content.subarray(done), done);
    expect(count).toBeGreaterThan(0);
    done += count;
  }
  return content;
}

/** Writes all parts, as the port asks for: again while writes come back short. */
export async function writeAll(file: File, parts: readonly Uint8Array[]): Promise<void> {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  let rest = parts;
  let done = 0;
  while (done < bytes) {
    let count = await file.write(rest, done);
    expect(count).toBeGreaterThan(0);
    done += count;
    while (rest[0] !== undefined && count >= rest[0].length) {
      count -= rest[0].length;
      rest = rest.slice(1);
    }
    if (count > 0 && rest[0] !== undefined) rest = [rest[0].subarray(count), ...rest.slice(1)];
  }
}
