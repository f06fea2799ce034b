/**
 * What a tool is that stores releases one after the other, and how its programs are run.
 *
 * A tool that is not installed is named as such: nothing stands in for a measurement.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../../scripts/releases.ts';

/** What a file of a repository is for. */
export const partNames = ['segments', 'journal', 'snapshots', 'index', 'other'] as const;
export type PartName = (typeof partNames)[number];

/** Bytes of files. They add up to the whole folder. */
export type Parts = Record<PartName, number>;

export interface Tool {
  readonly name: string;
  /** What it says it is; `undefined` if it is not installed. */
  version(): string | undefined;
  /** Makes an empty repository. The folder is there, and empty. */
  begin(repository: string): void;
  /** Stores a release beside those before it. */
  add(repository: string, release: Release): void;
  /**
   * What it comes to, one row each: the repository as it is after an action. The time of the first
   * counts as part of storing.
   */
  readonly stages: readonly Stage[];
  /** What a file is for; its path is from the repository, with slashes. */
  partOf(path: string): PartName;
}

export interface Stage {
  readonly name: string;
  run?(repository: string, releases: readonly Release[]): void;
}

/** How much a repository takes: of each file as many bytes as it has. */
export function partsOf(tool: Pick<Tool, 'partOf'>, repository: string): Parts {
  const parts: Parts = { segments: 0, journal: 0, snapshots: 0, index: 0, other: 0 };
  for (const entry of readdirSync(repository, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const below = path.slice(repository.length + 1).replaceAll('\\', '/');
    parts[tool.partOf(below)] += statSync(path).size;
  }
  return parts;
}

export interface Command {
  readonly program: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end. Returns what it printed; throws if it failed. */
export function run({ program, argv, cwd, env, input }: Command): string {
  const child = spawnSync(program, argv, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
    ...(input !== undefined && { input }),
  });
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) {
    throw new Error(`${program} ${argv.join(' ')} ended with ${child.status}:\n${child.stderr}`);
  }
  return child.stdout;
}

/** The first line that a program prints when it is asked; `undefined` if there is none such. */
export function versionOf(program: string, ...argv: string[]): string | undefined {
  const child = spawnSync(program, argv, { encoding: 'utf8' });
  return child.status === 0 ? child.stdout.split('\n')[0]?.trim() : undefined;
}
