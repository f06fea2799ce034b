/**
 * Frames that are known to be damaged: one row each, until good bytes take their place.
 *
 * A row is advice. It was found by reading, so another read finds it again; what it is for is that
 * an upload of the same content does not rely on bytes that are known to be bad, in this process or
 * a later one. Only where a replay met a frame that it needed is a row more than that: then the
 * index lacks edges, and says so (see {@link DamageRecord.lostEdges}).
 *
 * @module
 */

import { Reader, Writer, fromBinaryString, toBinaryString } from '../../base/bytes.ts';
import type { ChunkId } from '../model.ts';
import type { IndexChange, IndexReader } from './index-store.ts';
import { afterPrefix, chunkGroup, damageGroup } from './keys.ts';

/** A frame that is damaged: of a chunk, or where its name is lost as well, at a place. */
export type DamagedFrame =
  { readonly id: ChunkId } | { readonly fileId: number; readonly offset: number };

export interface DamageRecord {
  readonly frame: DamagedFrame;
  /** What is wrong with it, for people. */
  readonly reason: string;
  /** Whether the index may lack edges because the frame could not be read. */
  readonly lostEdges: boolean;
}

/** No kind of chunk has this number: what follows is a place. */
const placeMark = '\xff';

/** Puts what is known about a frame, or with none deletes it. */
export function damageChange(
  frame: DamagedFrame,
  damage: Omit<DamageRecord, 'frame'> | undefined,
): IndexChange {
  const suffix =
    'id' in frame
      ? chunkGroup(frame.id).slice(1)
      : placeMark + toBinaryString(new Writer().u64(frame.fileId).u64(frame.offset).finish());
  const value =
    damage === undefined
      ? undefined
      : new Writer()
          .u8(damage.lostEdges ? 1 : 0)
          .text(damage.reason)
          .finish();
  return { group: damageGroup, suffix, value };
}

/** Everything that is known. As much memory as there is damage. */
export async function damageRecords(reader: IndexReader): Promise<DamageRecord[]> {
  const rows = await reader.range({
    gte: damageGroup,
    lt: afterPrefix(damageGroup),
    limit: 10_000_000,
  });
  return rows.map(({ key, value }) => {
    const fields = new Reader(value, 'damage in the index');
    const lostEdges = fields.u8() === 1;
    return { frame: frameOf(key.slice(damageGroup.length)), reason: fields.text(), lostEdges };
  });
}

function frameOf(suffix: string): DamagedFrame {
  const isPlace = suffix.startsWith(placeMark);
  const bytes = fromBinaryString(isPlace ? suffix.slice(1) : suffix);
  const fields = new Reader(bytes, 'damage in the index');
  if (isPlace) return { fileId: fields.u64(), offset: fields.u64() };
  const domain = fields.bytes(4).reduce((value, byte) => value * 256 + byte, 0);
  const kind = fields.u8() === 1 ? 'node' : 'data';
  return { id: { domain, kind, digest: Uint8Array.from(fields.bytes(32)) } };
}
