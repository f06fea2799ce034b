/**
 * The contract of a bucket: one suite for every implementation.
 *
 * The suite is made of groups. A group that needs more than Encore's `Bucket` has says which
 * capability, and runs only where the target has it. Nothing is skipped in silence:
 * `bucketContract` returns the groups it left out, and a target that leaves some out asserts which.
 *
 * @module
 */

import { describe } from 'vitest';
import type { Capability, ContractGroup, ContractTarget } from './bucket/target.ts';
import { bodies } from './bucket/bodies.group.ts';
import { concurrency } from './bucket/concurrency.group.ts';
import { copies } from './bucket/copies.group.ts';
import { history } from './bucket/history.group.ts';
import { listing } from './bucket/listing.group.ts';
import { locks } from './bucket/locks.group.ts';
import { metadata } from './bucket/metadata.group.ts';
import { nameRanges } from './bucket/name-ranges.group.ts';
import { names } from './bucket/names.group.ts';
import { objects } from './bucket/objects.group.ts';
import { pages } from './bucket/pages.group.ts';
import { matches, preconditions } from './bucket/preconditions.group.ts';
import { ranges } from './bucket/ranges.group.ts';
import { signals } from './bucket/signals.group.ts';
import { streams } from './bucket/streams.group.ts';
import { urls } from './bucket/urls.group.ts';
import { versions } from './bucket/versions.group.ts';
import { views } from './bucket/views.group.ts';

/** Every group, first those that need nothing but what Encore has. */
export const contractGroups: readonly ContractGroup[] = [
  objects,
  names,
  preconditions,
  listing,
  versions,
  concurrency,
  urls,
  bodies,
  copies,
  history,
  locks,
  matches,
  metadata,
  nameRanges,
  pages,
  ranges,
  signals,
  streams,
  views,
];

/** What Varve's own bucket can do. */
export const allCapabilities: readonly Capability[] = [
  ...new Set(contractGroups.flatMap(({ needs }) => needs)),
];

/** Runs the suite on a target. Returns the names of the groups that need what it cannot do. */
export function bucketContract(title: string, target: ContractTarget): string[] {
  const leftOut: string[] = [];
  describe(title, () => {
    for (const group of contractGroups) {
      if (group.needs.every((capability) => target.capabilities.includes(capability))) {
        describe(group.name, () => {
          group.define(target);
        });
      } else {
        leftOut.push(group.name);
      }
    }
  });
  return leftOut;
}
