/**
 * The contract of a bucket, on the published `encore.dev` package over the drop-in runtime.
 *
 * The groups that are left out need what Encore's `Bucket` does not have, and no other groups are:
 * the test below names them.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bucket } from '../../src/index.ts';
import { type EncorePackage, loadEncorePackage } from '../encore/encore-package.ts';
import { bucketContract, contractGroups } from './bucket.contract.ts';
import type { ContractTarget } from './bucket/target.ts';

let loaded: EncorePackage | undefined;
let bucketCount = 0;

beforeAll(async () => {
  loaded = await loadEncorePackage();
});

afterAll(async () => {
  await loaded?.remove();
});

const target: ContractTarget = {
  capabilities: [],
  async bucket({ versioned = false } = {}) {
    const { encore, varve } = loaded as EncorePackage;
    const name = `b${bucketCount++}`;
    if (versioned) {
      // Encore does not tell its runtime that a bucket is versioned, so it is made beforehand.
      const made = new varve.Bucket(name, { versioned });
      const { version } = await made.upload('a', '');
      await made.remove('a', { version });
    }
    // The groups without needs call nothing that Encore's bucket does not have.
    return new encore.Bucket(name, {}) as unknown as Bucket;
  },
  codeOf(error) {
    const { ObjectNotFound, ObjectsError, PreconditionFailed } = (loaded as EncorePackage).encore;
    if (error instanceof ObjectNotFound) return 'NOT_FOUND';
    if (error instanceof PreconditionFailed) return 'PRECONDITION_FAILED';
    // Thrown, but not exported: it is known by its name only.
    if (error instanceof ObjectsError && error.name === 'InvalidArgument') return 'INVALID';
    return error instanceof ObjectsError ? 'OTHER' : undefined;
  },
};

const leftOut = bucketContract('a bucket of encore.dev on varve', target);

test('the groups that are left out are those that need more than Encore has', () => {
  expect(contractGroups.length - leftOut.length).toBeGreaterThanOrEqual(7);
  expect(leftOut).toEqual([
    'bodies',
    'copies',
    'history',
    'locks',
    'matching an etag',
    'metadata',
    'ranges of names',
    'pages',
    'ranges',
    'signals and progress',
    'download streams',
    'views of the past',
  ]);
});
