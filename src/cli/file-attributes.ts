/**
 * What is kept of a file besides its content, as metadata of its object: mode, modification time,
 * and a stamp by which the same file is known again, unchanged.
 *
 * `mode` is the permission bits in octal (`644`); `mtime` is seconds since 1970 with up to six
 * decimals (`1700000000.25`), which is what rclone writes too. Set-user-id and its like are neither
 * kept nor restored: whoever may write to a bucket must not be able to make a privileged program.
 * Times are kept to the microsecond and cut, not rounded, because that is what Node can set again.
 *
 * `stamp` is the file's inode number and the time of its last change, which no program can set.
 * Size and modification time alone prove nothing: all files in all packages from npm have the same
 * time when `tar` unpacks them, and when npm does, versions of one file have the same time because
 * the clock of a file system ticks only every few milliseconds. For the same reason a file that was
 * changed just now has no stamp: it might change again in the same tick ({@link stampDelayMs}).
 *
 * @module
 */

import type { BigIntStats } from 'node:fs';

/** What is kept of a file. What is not known is absent. */
export interface FileAttributes {
  /** Permission bits. */
  readonly mode?: number;
  /** Modification time in microseconds since 1970. */
  readonly mtimeUs?: number;
  /** The same stamp means the same content. */
  readonly stamp?: string;
}

/** The attributes of a file on disk. */
export interface DiskAttributes extends FileAttributes {
  readonly mode: number;
  readonly mtimeUs: number;
}

const permissionBits = 0o777;

/** Longer than a tick of the clocks of file systems; of those that only know whole seconds, 2 s. */
const tickMs = 100;
const coarseTickMs = 2000;

/** The attributes of a file on disk, as its status said at a time. */
export function attributesOf(stats: BigIntStats, nowMs: number): DiskAttributes {
  // Before 1970 the division must go down too, and BigInt cuts toward zero.
  const remainder = ((stats.mtimeNs % 1000n) + 1000n) % 1000n;
  const stamp = `${stats.ino.toString(36)}.${stats.ctimeNs.toString(36)}`;
  return {
    mode: Number(stats.mode) & permissionBits,
    mtimeUs: Number((stats.mtimeNs - remainder) / 1000n),
    ...(ageMs(stats, nowMs) >= tickOf(stats) && { stamp }),
  };
}

/**
 * How long to wait before a file's status can have a stamp; 0 if it has one, or if waiting does not
 * help because the file was changed in the future: two clocks disagree.
 */
export function stampDelayMs(stats: BigIntStats, nowMs: number): number {
  const age = ageMs(stats, nowMs);
  return age < 0 ? 0 : Math.max(0, Math.ceil(tickOf(stats) - age));
}

function ageMs({ ctimeNs }: BigIntStats, nowMs: number): number {
  return nowMs - Number(ctimeNs / 1000n) / 1000;
}

function tickOf({ ctimeNs }: BigIntStats): number {
  return ctimeNs % 1_000_000_000n === 0n ? coarseTickMs : tickMs;
}

/** The metadata that stands for attributes. */
export function encodeAttributes({ mode, mtimeUs, stamp }: DiskAttributes): Record<string, string> {
  const seconds = Math.floor(mtimeUs / 1e6);
  const decimals = String(mtimeUs - seconds * 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return {
    mode: mode.toString(8),
    mtime: decimals === '' ? String(seconds) : `${seconds}.${decimals}`,
    ...(stamp !== undefined && { stamp }),
  };
}

/**
 * The attributes that metadata stands for. What somebody else wrote and we cannot read is absent.
 */
export function decodeAttributes(metadata: Readonly<Record<string, string>> = {}): FileAttributes {
  const { mode = '', mtime = '', stamp } = metadata;
  const [, seconds, decimals = ''] = /^(-?\d{1,11})(?:\.(\d{1,9}))?$/.exec(mtime) ?? [];
  return {
    ...(/^[0-7]{1,7}$/.test(mode) && { mode: Number.parseInt(mode, 8) & permissionBits }),
    ...(seconds !== undefined && {
      mtimeUs: Number(seconds) * 1e6 + Number(decimals.padEnd(6, '0').slice(0, 6)),
    }),
    ...(stamp !== undefined && { stamp }),
  };
}

/** A modification time as Node sets one: the middle of its microsecond survives being cut. */
export function toSeconds(mtimeUs: number): number {
  return (mtimeUs + 0.5) / 1e6;
}
