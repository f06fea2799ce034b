/**
 * From where a store lies to the session that opens it.
 *
 * Errors: `TypeError` and `INVALID` for what is no place for a store. Those of opening itself come
 * with the first use.
 *
 * @module
 */

import { Engine } from '../engine/engine.ts';
import { parityEvery } from '../base/limits.ts';
import { memoryPlatform, nodePlatform } from '../engine/platform/machine.ts';
import {
  checkOptionalBoolean,
  checkOptionalInteger,
  checkOptionalObject,
  invalidArgument,
  wrongType,
} from './checks.ts';
import type { StoreLocation, StoreOptions } from './options.ts';
import { Session } from './session.ts';

/**
 * A session on the store that lies there. Opens nothing yet, and not before `previous` has ended.
 */
export function openSession(
  location: StoreLocation,
  options: StoreOptions,
  previous: Promise<void> = Promise.resolve(),
): Session {
  checkOptionalObject('options', options);
  checkOptionalBoolean('mustExist', options.mustExist);
  checkOptionalInteger('reserveBytes', options.reserveBytes, { min: 0 });
  checkParity(options.parity);
  const { compaction, reserveBytes, parity } = options;
  // For callers without types.
  if (!['auto', 'manual', undefined].includes(compaction)) {
    throw invalidArgument(`compaction is 'auto' or 'manual', not ${String(compaction)}`);
  }
  const inMemory = isInMemory(location);
  const platform = inMemory ? memoryPlatform() : nodePlatform();
  const directory = inMemory ? '/' : location;
  if (directory === '') throw invalidArgument('the folder of the store must not be empty');
  const createIfMissing = inMemory || options.mustExist !== true;
  return new Session(platform.clock, async () => {
    // However it ended: if it still holds the folder, opening says so.
    await Promise.allSettled([previous]);
    const own = { createIfMissing, compaction, reserveBytes, parity };
    return Engine.open({ platform, directory, ...own });
  });
}

function checkParity(parity: StoreOptions['parity']): void {
  if (parity === undefined || parity === false) return;
  // For callers without types.
  const { every } = Object(parity) as { readonly every?: unknown };
  if (every === undefined) throw wrongType('parity', '{ every: a number } or false', parity);
  checkOptionalInteger('parity.every', every, parityEvery);
}

function isInMemory(location: StoreLocation): location is Exclude<StoreLocation, string> {
  if (typeof location === 'string') return false;
  // For callers without types: `{ memory: false }` must not forget what is stored.
  const { memory } = Object(location) as { readonly memory?: unknown };
  if (memory !== true) throw wrongType('the store', 'a folder or { memory: true }', location);
  return true;
}
