/**
 * Every store that can be benchmarked, by name.
 *
 * @module
 */

import { UsageError } from '../exit-code.ts';
import { borgKind } from './borg-target.ts';
import { cacacheKind } from './cacache-target.ts';
import { fsKind } from './fs-target.ts';
import { gitKind } from './git-target.ts';
import { levelKind } from './level-target.ts';
import { lmdbKind } from './lmdb-target.ts';
import { resticKind } from './restic-target.ts';
import { sqliteKind } from './sqlite-target.ts';
import { type TargetKind, TargetMissing } from './target.ts';
import { varveKind } from './varve-target.ts';

/** What Varve can be held against. */
export const peerKinds: readonly TargetKind[] = [
  fsKind,
  levelKind,
  sqliteKind,
  lmdbKind,
  cacacheKind,
  resticKind,
  borgKind,
  gitKind,
];

/** The targets of a run: Varve first, then those that were asked for and are here. */
export interface ChosenTargets {
  readonly kinds: readonly { readonly kind: TargetKind; readonly version: string }[];
  readonly skipped: readonly { name: string; reason: string }[];
}

/** Reads `fs,level`: the names of adapters, each once. */
export function parsePeers(text: string): readonly TargetKind[] {
  return [...new Set(text.split(','))].map((name) => {
    const kind = peerKinds.find((each) => each.name === name);
    if (kind !== undefined) return kind;
    const known = peerKinds.map((each) => each.name).join(', ');
    throw new UsageError(`there is no adapter for '${name}'; there are: ${known}`);
  });
}

/** Finds out which of the stores are here. */
export async function chooseTargets(peers: readonly TargetKind[]): Promise<ChosenTargets> {
  const kinds: { kind: TargetKind; version: string }[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const kind of [varveKind, ...peers]) {
    try {
      kinds.push({ kind, version: await kind.version() });
    } catch (error) {
      if (!(error instanceof TargetMissing)) throw error;
      skipped.push({ name: kind.name, reason: error.message });
    }
  }
  return { kinds, skipped };
}
