/**
 * The contract of a bucket, on a store in memory.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { bucketContract } from './bucket.contract.ts';
import { memoryTarget } from './varve-target.ts';

const leftOut = bucketContract('a bucket of a store in memory', memoryTarget());

test('no group of the contract is left out', () => {
  expect(leftOut).toEqual([]);
});
