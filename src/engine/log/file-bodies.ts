/**
 * The bodies of operations about log files and the chunks in them: `adopt`, `free`, `supersede`,
 * `relocate`, `retire`, `checkpoint`. Pure functions.
 *
 * Offsets and ids come in ascending order, each as its difference from the one before.
 *
 * @module
 */

import { Reader, Writer } from '../../base/bytes.ts';
import type { ChunkId, ChunkLocation } from '../model.ts';
import type { Operation } from './operations.ts';

/** A log file, and the bytes of chunk frames in it that live, and that died. */
export type FileUsageEntry = readonly [
  fileId: number,
  bytes: { readonly liveBytes: number; readonly deadBytes: number },
];

type Checkpoint = Extract<Operation, { kind: 'checkpoint' }>;

/** Numbers on disk of the tagged fields of a `checkpoint`. */
export const checkpointFields = { usage: 1 } as const;

/** How many there are, then each. */
export function encodeAscending(writer: Writer, values: readonly number[]): void {
  writer.varint(values.length);
  let previous = 0;
  for (const value of values) {
    writer.varint(value - previous);
    previous = value;
  }
}

export function decodeAscending(reader: Reader): number[] {
  const count = reader.varint();
  const values: number[] = [];
  let value = 0;
  for (let i = 0; i < count; i++) values.push((value += reader.varint()));
  return values;
}

/** A chunk and a place of it. */
export interface ChunkAtPlace {
  readonly id: ChunkId;
  readonly location: ChunkLocation;
}

export function encodeChunkAtPlace(writer: Writer, { id, location }: ChunkAtPlace): void {
  writer
    .varint(id.domain)
    .u8(id.kind === 'node' ? 1 : 0)
    .bytes(id.digest);
  writer.varint(location.fileId).varint(location.offset);
  writer.varint(location.frameBytes).varint(location.rawBytes);
  if (location.readCost !== undefined) writer.varint(location.readCost);
}

export function decodeChunkAtPlace(body: Reader): ChunkAtPlace {
  const domain = body.varint();
  const kind = body.u8() === 1 ? 'node' : 'data';
  const digest = new Uint8Array(body.bytes(32));
  const location = {
    fileId: body.varint(),
    offset: body.varint(),
    frameBytes: body.varint(),
    rawBytes: body.varint(),
  };
  const id = { domain, kind, digest } as const;
  return { id, location: body.atEnd ? location : { ...location, readCost: body.varint() } };
}

export function encodeCheckpoint(writer: Writer, { position, usage }: Checkpoint): void {
  writer.varint(position.fileId).varint(position.offset);
  if (usage === undefined) return;
  const field = new Writer();
  encodeAscending(
    field,
    usage.map(([fileId]) => fileId),
  );
  // Dead bytes are a difference of what was counted, and could only be wrong after damage.
  for (const [, { liveBytes, deadBytes }] of usage) {
    field.varint(Math.max(0, liveBytes)).varint(Math.max(0, deadBytes));
  }
  writer.u8(checkpointFields.usage).sized(field.finish());
}

export function decodeCheckpoint(body: Reader): Checkpoint {
  const position = { fileId: body.varint(), offset: body.varint() };
  let usage: FileUsageEntry[] | undefined;
  while (!body.atEnd) {
    const field = body.u8();
    const value = new Reader(body.sized(), 'a field of a checkpoint');
    if (field !== checkpointFields.usage) continue;
    usage = decodeAscending(value).map((fileId) => [
      fileId,
      { liveBytes: value.varint(), deadBytes: value.varint() },
    ]);
  }
  return { kind: 'checkpoint', position, ...(usage === undefined ? {} : { usage }) };
}
