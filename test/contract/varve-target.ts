/**
 * Varve's own bucket as a target of the contract suite: in a folder, in memory, and as a `ref`.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { allPermissions } from '../../src/api/permissions.ts';
import { type Bucket, ObjectsError, openStore, type Store } from '../../src/index.ts';
import { allCapabilities } from './bucket.contract.ts';
import type { ContractTarget } from './bucket/target.ts';

/** A target on a store that is opened before the tests of the file and closed behind them. */
function storeTarget(
  open: () => Promise<Store>,
  { handle = (bucket: Bucket) => bucket, cleanUp = async (): Promise<void> => {} } = {},
): ContractTarget {
  let store: Store | undefined;
  let bucketCount = 0;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(async () => {
    await store?.close();
    await cleanUp();
  });
  return {
    capabilities: allCapabilities,
    bucket: async ({ versioned } = {}) => {
      const config = versioned === undefined ? {} : { versioned };
      return handle((store as Store).bucket(`b${bucketCount++}`, config));
    },
    codeOf: (error) => (error instanceof ObjectsError ? error.code : undefined),
  };
}

/** A target on a store in a folder of its own. */
export function folderTarget(): ContractTarget {
  const folder = mkdtempSync(join(tmpdir(), 'varve-contract-'));
  return storeTarget(() => openStore(join(folder, 'store')), {
    cleanUp: () => rm(folder, { recursive: true, force: true }),
  });
}

/** A target on a store in memory. */
export function memoryTarget(): ContractTarget {
  return storeTarget(() => openStore({ memory: true }));
}

/** A target whose buckets are handles that were given every permission by name. */
export function refTarget(): ContractTarget {
  const [first, ...others] = allPermissions;
  return storeTarget(() => openStore({ memory: true }), {
    // A handle is typed by its permissions; with all of them it can do what a bucket can.
    handle: (bucket) => bucket.ref(first as 'read', ...others) as unknown as Bucket,
  });
}
