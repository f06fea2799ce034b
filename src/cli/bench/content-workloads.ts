/**
 * Workloads in which the content matters: versions that evolve, duplicates, and a large stream.
 *
 * @module
 */

import { seededBytes, sha256Of } from '../torture/content.ts';
import { randomSequence } from '../torture/random-sequence.ts';
import { EvolvingFile } from './evolving-file.ts';
import { inLanes } from './lanes.ts';
import { randomContent, recordName, Records, sameBytes } from './records.ts';
import { inPieces } from './run-workloads.ts';
import type { RunTarget, Target } from './target.ts';
import {
  type OpenWorkload,
  type Operation,
  type Workload,
  type WorkloadSettings,
  WrongAnswer,
} from './workload.ts';

/** Files of which one version after the other is stored, and every version stays. */
function openVersions(target: RunTarget, settings: WorkloadSettings): OpenWorkload {
  const { records: count, seed, sizeBytes, editRate } = settings;
  const files = Array.from({ length: count }, (_, index) => {
    return new EvolvingFile({ seed: seed + index, sizeBytes, editRate });
  });
  const hashes = files.map((): string[] => []);
  let next = 0;
  return {
    load: async () => {},
    next: () => {
      const index = next++ % count;
      const content = (files[index] as EvolvingFile).next();
      const known = hashes[index] as string[];
      const version = known.push(sha256Of(content)) - 1;
      return {
        kind: 'put',
        run: async () => {
          await target.putVersion(recordName(index), version, content);
          return () => content.length;
        },
      };
    },
    verify: async () => {
      const all = hashes.flatMap((known, index) =>
        known.map((hash, version) => ({ index, version, hash })),
      );
      await inLanes(4, all.length, async (position) => {
        const { index, version, hash } = all[position] as (typeof all)[number];
        const found = await target.getVersion(recordName(index), version);
        if (found !== undefined && sha256Of(found) === hash) return;
        throw new WrongAnswer(`${recordName(index)} is not as its version ${version} was stored`);
      });
      return all.length;
    },
  };
}

/** New records, of which some have the content of an earlier one. */
function openDedup(target: Target, settings: WorkloadSettings): OpenWorkload {
  const random = randomSequence(settings.seed);
  const content = randomContent(settings);
  const origins: number[] = [];
  const records = new Records(target, (index) => content(origins[index] as number, 0));
  return {
    load: async () => {},
    next: () => {
      const index = origins.length;
      const isDuplicate = index > 0 && random() < settings.duplicates;
      origins.push(isDuplicate ? (origins[Math.floor(random() * index)] as number) : index);
      return records.put(index);
    },
    verify: () => records.verify(),
  };
}

/** Small commits, and beside them one large stream after the other. */
function openMixed(target: Target, settings: WorkloadSettings): OpenWorkload {
  const { seed, streamBytes } = settings;
  const records = new Records(target, randomContent(settings));
  const streamName = 'stream/0';
  let isStreaming = false;
  let streams = 0;
  let next = 0;
  const stream = (): Operation => {
    const content = seededBytes(`stream ${seed} ${streams++}`, streamBytes);
    const pieces = inPieces(content);
    return {
      kind: 'stream',
      run: async () => {
        await target.putStream(streamName, pieces);
        isStreaming = false;
        return () => content.length;
      },
    };
  };
  return {
    load: async () => {},
    next: () => {
      if (isStreaming) return records.put(next++);
      isStreaming = true;
      return stream();
    },
    verify: async () => {
      const found = (await target.get(streamName)) ?? new Uint8Array();
      sameBytes(found, seededBytes(`stream ${seed} ${streams - 1}`, streamBytes), streamName);
      return 1 + (await records.verify([streamName]));
    },
  };
}

export const contentWorkloads: readonly Workload[] = [
  {
    name: 'versions',
    summary: 'version after version of files that evolve; all versions stay',
    isForTools: true,
    defaults: { records: 8, sizeBytes: 256 * 1024 },
    open: openVersions,
  },
  {
    name: 'dedup',
    summary: 'new records, some with the content of an earlier one',
    defaults: { records: 0, sizeBytes: 64 * 1024 },
    open: openDedup,
  },
  {
    name: 'mixed',
    summary: 'small commits while a large stream uploads; the commits are counted',
    counts: 'put',
    minConcurrency: 2,
    defaults: { records: 0, sizeBytes: 4096 },
    open: openMixed,
  },
];
