/**
 * The contract of a bucket, on a ref with every permission.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { bucketContract } from './bucket.contract.ts';
import { refTarget } from './varve-target.ts';

const leftOut = bucketContract('a ref with every permission', refTarget());

test('no group of the contract is left out', () => {
  expect(leftOut).toEqual([]);
});
