/**
 * Which files a damaged store has, by what their headers say and not by what they are called.
 *
 * Opening believes names and refuses a file whose header disagrees. Repair puts each file where its
 * header says that it belongs, and what is there twice, or belongs to another store, out of the
 * way.
 *
 * @module
 */

import { equalBytes, toHex } from '../../base/bytes.ts';
import { ioError } from '../log/io-errors.ts';
import {
  decodeFileHeader,
  encodeFileHeader,
  fileHeaderBytes,
  type FileHeader,
  type LogFileKind,
} from '../log/file-header.ts';
import { idInName, logFileName, logPlaces } from '../log/log-files.ts';
import { readFully, writeFully } from '../log/log-writer.ts';
import type { Platform } from '../platform/platform.ts';
import { quarantine, type QuarantinedFile } from './quarantine.ts';

/** A file in one of the folders of the log. */
export interface SurveyedFile {
  /** From the folder of the store. */
  readonly file: string;
  readonly kind: LogFileKind;
  readonly idInName: number;
  /** `undefined`: damaged, or never whole. */
  readonly header: FileHeader | undefined;
  readonly sizeBytes: number;
}

/** Reads the headers of all log files. Throws `UNSUPPORTED` for one of a newer format. */
export async function surveyFiles(platform: Platform, directory: string): Promise<SurveyedFile[]> {
  const { fileSystem, hashing } = platform;
  const found: SurveyedFile[] = [];
  for (const kind of ['journal', 'segment'] as const) {
    const folder = `${directory}/${logPlaces[kind].folder}`;
    if ((await fileSystem.status(folder)) === undefined) continue;
    for (const name of await fileSystem.readDirectory(folder)) {
      // A repair that was cut short leaves a file on its way.
      const id = idInName(kind, name.replace(/(\.moving)+$/, ''));
      if (id === undefined) continue;
      const path = `${folder}/${name}`;
      try {
        const file = await fileSystem.open(path, 'read');
        try {
          const start = await readFully(file, new Uint8Array(fileHeaderBytes), 0);
          const header = decodeFileHeader(hashing.crc32, start)?.header;
          const sizeBytes = await file.size();
          const place = path.slice(directory.length + 1);
          found.push({ file: place, kind, idInName: id, header, sizeBytes });
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw ioError('read a log file', cause, path);
      }
    }
  }
  return found;
}

/** The store that most files say they are of. */
export function storeIdOf(files: readonly SurveyedFile[]): Uint8Array | undefined {
  const votes = new Map<string, { readonly storeId: Uint8Array; count: number }>();
  for (const { header } of files) {
    if (header === undefined) continue;
    const key = toHex(header.storeId);
    const vote = votes.get(key) ?? { storeId: header.storeId, count: 0 };
    vote.count++;
    votes.set(key, vote);
  }
  return [...votes.values()].sort((a, b) => b.count - a.count)[0]?.storeId;
}

/** What was done, or would be. */
export interface PutRight {
  readonly actions: string[];
  readonly quarantined: QuarantinedFile[];
}

/** Puts every file where its header says, and what cannot be there into quarantine. */
export async function putNamesRight(
  platform: Platform,
  directory: string,
  storeId: Uint8Array,
): Promise<PutRight> {
  const done: PutRight = { actions: [], quarantined: [] };
  const files = await surveyFiles(platform, directory);
  const place = (header: FileHeader): string =>
    `${logPlaces[header.kind].folder}/${logFileName(header.kind, header.fileId)}`;
  const isOurs = ({ header }: SurveyedFile): boolean =>
    header !== undefined && equalBytes(header.storeId, storeId);
  const rightly = new Set(
    files.filter((f) => isOurs(f) && place(f.header as FileHeader) === f.file).map((f) => f.file),
  );
  const moves: { readonly from: string; readonly to: string }[] = [];
  for (const surveyed of files) {
    const { file, header } = surveyed;
    if (header === undefined || rightly.has(file)) continue;
    const to = place(header);
    if (!isOurs(surveyed)) {
      await put(platform, directory, done, { file, reason: 'it belongs to another store' });
    } else if (rightly.has(to) || moves.some((move) => move.to === to)) {
      await put(platform, directory, done, { file, reason: `it is another copy of ${to}` });
    } else moves.push({ from: file, to });
  }
  await moveAll(platform, directory, moves, done);
  return done;
}

async function put(
  { fileSystem }: Platform,
  directory: string,
  done: PutRight,
  moved: QuarantinedFile,
): Promise<void> {
  await quarantine(fileSystem, directory, moved);
  done.quarantined.push(moved);
}

/** Moves files to places of each other: all out of the way first. */
async function moveAll(
  platform: Platform,
  directory: string,
  moves: readonly { readonly from: string; readonly to: string }[],
  done: PutRight,
): Promise<void> {
  const { fileSystem } = platform;
  const path = (file: string): string => `${directory}/${file}`;
  try {
    for (const { from } of moves) await fileSystem.rename(path(from), `${path(from)}.moving`);
    for (const { from, to } of moves) {
      if ((await fileSystem.status(path(to))) !== undefined) {
        const reason = `${from} is the file that belongs here`;
        await put(platform, directory, done, { file: to, reason });
      }
      await fileSystem.rename(`${path(from)}.moving`, path(to));
      done.actions.push(`${from} is called ${to} again, as its header says`);
    }
    for (const { folder } of moves.length === 0 ? [] : Object.values(logPlaces)) {
      await fileSystem.syncDirectory(path(folder));
    }
  } catch (cause) {
    throw ioError('give a log file its name back', cause, directory);
  }
}

/**
 * Gives segments whose header is damaged another one. The chunks of a segment are believed for
 * their hashes alone, so they can be read again; the file as it was goes into quarantine.
 */
export async function putHeadersRight(
  platform: Platform,
  directory: string,
  storeId: Uint8Array,
): Promise<PutRight> {
  const { fileSystem, hashing, randomness } = platform;
  const done: PutRight = { actions: [], quarantined: [] };
  for (const surveyed of await surveyFiles(platform, directory)) {
    const { file, kind, header, sizeBytes, idInName: fileId } = surveyed;
    if (header !== undefined || kind !== 'segment' || sizeBytes <= fileHeaderBytes) continue;
    const salt = new DataView(randomness.bytes(4).slice().buffer).getUint32(0);
    const another = encodeFileHeader(hashing.crc32, {
      kind,
      generation: 0,
      fileId,
      storeId,
      salt,
      previous: { fileId: 0, end: 0, chain: 0 },
      firstLsn: 0,
      checkpoint: { fileId: 0, offset: 0 },
    });
    const path = `${directory}/${file}`;
    try {
      await copyBehind(platform, path, `${path}.mended`, another);
      await put(platform, directory, done, { file, reason: 'its header was damaged' });
      await fileSystem.rename(`${path}.mended`, path);
      await fileSystem.syncDirectory(`${directory}/${logPlaces[kind].folder}`);
    } catch (cause) {
      throw ioError('give a segment a header', cause, path);
    }
    done.actions.push(`${file} has a header again`);
  }
  return done;
}

const copyBytes = 1024 * 1024;

/** Copies a file, but for its beginning. */
async function copyBehind(
  { fileSystem }: Platform,
  from: string,
  to: string,
  beginning: Uint8Array,
): Promise<void> {
  // What an interrupted repair left.
  if ((await fileSystem.status(to)) !== undefined) await fileSystem.remove(to);
  const source = await fileSystem.open(from, 'read');
  try {
    const copy = await fileSystem.open(to, 'create');
    try {
      await writeFully(copy, [beginning], 0);
      const size = await source.size();
      for (let at = beginning.length; at < size; at += copyBytes) {
        const wanted = new Uint8Array(Math.min(copyBytes, size - at));
        await writeFully(copy, [await readFully(source, wanted, at)], at);
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
  } finally {
    await source.close();
  }
}
