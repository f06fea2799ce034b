/**
 * What the numbers were measured on: without it they are no numbers.
 *
 * @module
 */

import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export interface MachineDescription {
  readonly node: string;
  /** What ran. A loader of TypeScript makes closures slow: a listing took 1.6 times as long. */
  readonly code: 'compiled' | 'through a loader';
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly fileSystem: string;
  /** Runnable processes over the last minute. More than there are cores: others were at work. */
  readonly load: number;
  readonly cache: string;
  readonly sync: string;
}

/** Magic numbers of file systems, as `statfs(2)` lists them. */
const fileSystemNames: Readonly<Record<number, string>> = {
  0xef53: 'ext2/3/4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x2fc12fc1: 'zfs',
  0x794c7630: 'overlayfs',
  0x01021994: 'tmpfs (memory: syncs cost nothing)',
};

/** Describes this machine, and the file system that a folder lies on. */
export function describeMachine(directory: string): MachineDescription {
  const { type: magic } = statfsSync(directory);
  return {
    node: process.version,
    code: import.meta.url.endsWith('.ts') ? 'through a loader' : 'compiled',
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    fileSystem: fileSystemNames[magic] ?? `0x${magic.toString(16)}`,
    load: loadavg()[0] ?? 0,
    cache: 'warm: what is read was written just before, so the page cache has it',
    sync: "uploads have durability 'power'; fdatasync is left to the system as it is",
  };
}
