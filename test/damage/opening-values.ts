/**
 * Everything that opening a store reads of it, as one string.
 *
 * What an opening comes to depends on these values and nothing else. So of two damages that leave
 * the same values one need be opened, and one that leaves those of the whole store need not be: a
 * tenth of the time, and a sample is opened all the same.
 *
 * @module
 */

import { toHex } from '../../src/base/bytes.ts';
import { ObjectsError } from '../../src/base/errors.ts';
import { decodeFileHeader, fileHeaderBytes } from '../../src/engine/log/file-header.ts';
import { LogFiles } from '../../src/engine/log/log-files.ts';
import { recoverJournal, replayJournal } from '../../src/engine/log/recovery.ts';
import {
  checkSnapshotBlock,
  decodeSnapshotBlockHead,
  decodeSnapshotHeader,
  snapshotBlockHeadBytes,
  snapshotHeaderBytes,
  type SnapshotHeader,
} from '../../src/engine/log/snapshot-file.ts';
import { decodeSuperblock } from '../../src/engine/log/superblock.ts';
import type { FileSystem } from '../../src/engine/platform/file-system.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import { OverlayFileSystem } from '../../src/engine/platform/overlay-file-system.ts';
import { storeFolder } from '../support/test-engine.ts';

const { crc32 } = nativeHashing;

/** The values of a whole store, kept so that only what a damage is in is read again. */
export class OpeningValues {
  readonly #disk: FileSystem;
  readonly #snapshotPath: string;
  readonly #storeId: Uint8Array;
  readonly #kept = new Map<string, string>();
  #header: SnapshotHeader | undefined;

  private constructor(disk: FileSystem, snapshotPath: string, storeId: Uint8Array) {
    this.#disk = disk;
    this.#snapshotPath = snapshotPath;
    this.#storeId = storeId;
  }

  /** @param snapshotPath - Of the only snapshot, from the folder of the store. */
  static async of(disk: FileSystem, snapshotPath: string): Promise<OpeningValues> {
    const superblock = decodeSuperblock(crc32, await readAll(disk, 'VARVE'));
    if (superblock === undefined) throw new Error('the store was made');
    const values = new OpeningValues(disk, snapshotPath, superblock.storeId);
    values.#header = await readSnapshot(disk, snapshotPath);
    for (const part of ['VARVE', snapshotPath, 'journal', 'journal alone']) {
      values.#kept.set(part, await values.#read(part));
    }
    return values;
  }

  /** The values, when only this file may be other than it was. */
  async now(path: string): Promise<string> {
    if (path.startsWith('segments')) {
      const start = (await readAll(this.#disk, path)).subarray(0, fileHeaderBytes);
      return asText(decodeFileHeader(crc32, start) ?? `${path} has no header`);
    }
    const part = path.startsWith('journal') ? 'journal' : path;
    const read = this.#kept.has(part) ? await this.#read(part) : '';
    const isRead = (name: string): string => (name === part ? read : (this.#kept.get(name) ?? ''));
    const snapshot = isRead(this.#snapshotPath);
    const isWhole = snapshot === this.#kept.get(this.#snapshotPath);
    const journal = isWhole ? 'journal' : 'journal alone';
    return [isRead('VARVE'), snapshot, isRead(journal)].join('\n');
  }

  async #read(part: string): Promise<string> {
    try {
      if (part === 'VARVE') {
        return asText(decodeSuperblock(crc32, await readAll(this.#disk, 'VARVE')) ?? 'no slot');
      }
      if (part === this.#snapshotPath) {
        return asText((await readSnapshot(this.#disk, part)) ?? 'not whole');
      }
      return await this.#readJournal(part === 'journal' ? this.#header : undefined);
    } catch (error) {
      if (!(error instanceof ObjectsError)) throw error;
      // Where it is may be anywhere: what is said of it counts.
      return `${error.code}: ${error.message.replace(/\d+/g, '#')}`;
    }
  }

  async #readJournal(snapshot: SnapshotHeader | undefined): Promise<string> {
    const disk = new OverlayFileSystem(this.#disk);
    const files = await LogFiles.open(disk, crc32, storeFolder, this.#storeId);
    try {
      const recovered = await recoverJournal(files, crc32);
      const groups: unknown[] = [];
      for await (const group of replayJournal(files, crc32, recovered.end, snapshot?.position)) {
        groups.push(group);
      }
      return asText({ recovered, groups });
    } finally {
      await files.close();
    }
  }
}

/** The header of a snapshot, if all its blocks are what was written. */
async function readSnapshot(disk: FileSystem, path: string): Promise<SnapshotHeader | undefined> {
  const bytes = await readAll(disk, path);
  const decoded = decodeSnapshotHeader(crc32, bytes.subarray(0, snapshotHeaderBytes));
  if (decoded === undefined) return undefined;
  let { chain } = decoded;
  try {
    for (let at = snapshotHeaderBytes; ;) {
      const payloadAt = at + snapshotBlockHeadBytes;
      const head = bytes.subarray(at, payloadAt);
      const { rawBytes, payloadBytes } = decodeSnapshotBlockHead(head);
      const payload = bytes.subarray(payloadAt, payloadAt + payloadBytes);
      chain = checkSnapshotBlock(crc32, chain, head, payload);
      if (rawBytes === 0) return decoded.header;
      at = payloadAt + payloadBytes;
    }
  } catch (error) {
    if (error instanceof ObjectsError && error.code === 'CORRUPT') return undefined;
    throw error;
  }
}

async function readAll(disk: FileSystem, path: string): Promise<Uint8Array> {
  const file = await disk.open(`${storeFolder}/${path}`, 'read');
  const bytes = new Uint8Array(await file.size());
  const byteCount = await file.read(bytes, 0);
  await file.close();
  return bytes.subarray(0, byteCount);
}

function asText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner instanceof Uint8Array ? toHex(inner) : inner,
  );
}
