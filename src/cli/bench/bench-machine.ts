/**
 * On what a benchmark ran: without it, its numbers are none.
 *
 * @module
 */

import { statfsSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import process from 'node:process';

export interface BenchMachine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly fileSystem: string;
  /** Runnable processes over the last minute, when it began. */
  readonly load: number;
  readonly cache: string;
}

/** Magic numbers of file systems, as `statfs(2)` of Linux lists them. */
const fileSystemNames: Readonly<Record<number, string>> = {
  0xef53: 'ext2/3/4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x2fc12fc1: 'zfs',
  0x794c7630: 'overlayfs',
  0x01021994: 'tmpfs (memory: syncs cost nothing)',
};

/** Describes this machine, and the file system that a folder lies on. */
export function describeBenchMachine(folder: string): BenchMachine {
  const { type: magic } = statfsSync(folder);
  return {
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    fileSystem: fileSystemNames[magic] ?? `type 0x${magic.toString(16)}`,
    load: loadavg()[0] ?? 0,
    cache: 'warm: what is read was written just before, so it comes from the page cache',
  };
}

/** The machine in lines that a person reads. */
export function machineLines(machine: BenchMachine): string[] {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const isBusy = machine.load > machine.cores / 2;
  const node = machine.node.replace('v', '');
  return [
    `Node ${node}, ${machine.cores} × ${machine.cpu}, ${memory}, ${machine.system}`,
    `file system: ${machine.fileSystem}`,
    `cache: ${machine.cache}`,
    `load: ${machine.load.toFixed(1)}${isBusy ? ' (others are at work: expect noise)' : ''}`,
  ];
}
