/**
 * What a store answers when it is asked for everything, in a form that can be compared.
 */

import type { Engine } from '../../src/engine/engine.ts';
import type { Version } from '../../src/engine/model.ts';
import type { Found } from './oracle.ts';
import type { Content } from './deed.ts';

/** Something that must not be. */
export class Violation extends Error {}

/** Lists and reads all that is there. Answers that disagree are a {@link Violation}. */
export async function answersOf(
  engine: Engine,
  contents: ReadonlyMap<string, Content>,
): Promise<{ readonly found: Found; readonly answers: string }> {
  const states = new Map<string, string>();
  const lsns = new Map<string, [string, number][]>();
  let answers = '';
  try {
    for (const { id, name: bucket } of engine.buckets()) {
      states.set(`bucket ${bucket}`, 'bucket');
      answers += `bucket ${bucket}\n`;
      for (const { name, version, isLatest } of await engine.versions.versions(id, {}, 1000)) {
        const key = `${bucket}/${name}`;
        const text = await contentOf(engine, version, contents);
        if (version.kind === 'object') {
          lsns.set(key, [...(lsns.get(key) ?? []), [text, version.lsn]]);
        }
        if (isLatest) {
          const current = await engine.versions.current(id, name);
          const expected = version.kind === 'object' ? version.lsn : undefined;
          if (current?.lsn !== expected) throw new Error(`list and look-up differ: ${key}`);
        }
        const before = states.get(key);
        states.set(key, before === undefined ? text : `${before}; ${text}`);
        answers += `${key} ${version.lsn} ${version.timeMs} ${isLatest} ${text}\n`;
      }
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Violation(`what is there cannot be read: ${text}`, { cause: error });
  }
  return { found: { states, lsns }, answers };
}

async function contentOf(
  engine: Engine,
  version: Version,
  contents: ReadonlyMap<string, Content>,
): Promise<string> {
  if (version.kind !== 'object') return 'marker';
  const parts: Uint8Array[] = [];
  const range = { start: 0, end: version.sizeBytes };
  for await (const part of engine.read(version, range)) parts.push(part);
  const bytes = latin1(parts);
  return contents.get(bytes) ?? `unknown content of ${bytes.length} bytes`;
}

/** Bytes as a string that a map can have as a key. */
export function latin1(parts: readonly Uint8Array[]): string {
  return parts
    .map((part) => Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1'))
    .join('');
}
