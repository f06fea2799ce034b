/**
 * Modes and modification times of files as metadata of objects, and when they prove that a file is
 * unchanged.
 *
 * `mode` is the permission bits in octal (`644`); `mtime` is seconds since 1970 with up to six
 * decimals (`1700000000.25`), which is what rclone writes too. Set-user-id and its like are neither
 * kept nor restored: whoever may write to a bucket must not be able to make a privileged program.
 *
 * Times are kept to the microsecond and cut, not rounded, because that is what Node can set again:
 * a file that was exported must look unchanged when it is imported.
 *
 * @module
 */

import type { BigIntStats } from 'node:fs';

/** What is kept of a file besides its content. */
export interface FileAttributes {
  /** Permission bits. */
  readonly mode?: number;
  /** Modification time in microseconds since 1970. */
  readonly mtimeUs?: number;
}

const permissionBits = 0o777;

/** A file modified this shortly before it was stored may have been modified once more after. */
const settledMs = 2000;

/** The attributes of a file on disk. */
export function attributesOf(stats: BigIntStats): Required<FileAttributes> {
  // Before 1970 the division must go down too, and BigInt cuts toward zero.
  const remainder = ((stats.mtimeNs % 1000n) + 1000n) % 1000n;
  return {
    mode: Number(stats.mode) & permissionBits,
    mtimeUs: Number((stats.mtimeNs - remainder) / 1000n),
  };
}

/** The metadata that stands for attributes. */
export function encodeAttributes(attributes: Required<FileAttributes>): Record<string, string> {
  const { mode, mtimeUs } = attributes;
  const seconds = Math.floor(mtimeUs / 1e6);
  const decimals = String(mtimeUs - seconds * 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return {
    mode: mode.toString(8),
    mtime: decimals === '' ? String(seconds) : `${seconds}.${decimals}`,
  };
}

/** The attributes that metadata stands for. What somebody else wrote and we cannot read is absent. */
export function decodeAttributes(metadata: Readonly<Record<string, string>> = {}): FileAttributes {
  const { mode = '', mtime = '' } = metadata;
  const [, seconds, decimals = ''] = /^(-?\d{1,11})(?:\.(\d{1,9}))?$/.exec(mtime) ?? [];
  return {
    ...(/^[0-7]{1,7}$/.test(mode) && { mode: Number.parseInt(mode, 8) & permissionBits }),
    ...(seconds !== undefined && {
      mtimeUs: Number(seconds) * 1e6 + Number(decimals.padEnd(6, '0').slice(0, 6)),
    }),
  };
}

/** A modification time as Node sets one: the middle of its microsecond survives being cut. */
export function toSeconds(mtimeUs: number): number {
  return (mtimeUs + 0.5) / 1e6;
}

/**
 * Whether a modification time that is the same as before proves that the content is, too.
 *
 * It does not if it has no fraction of a second: archives and reproducible builds write such times,
 * and there all releases of a package have the same one. Nor if the file was stored so soon after it
 * that a later change fell into the same tick of the file system's clock.
 */
export function provesUnchanged(mtimeUs: number, storedAt: Date): boolean {
  return mtimeUs % 1e6 !== 0 && storedAt.getTime() - mtimeUs / 1000 >= settledMs;
}
