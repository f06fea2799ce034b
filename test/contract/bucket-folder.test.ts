/**
 * The contract of a bucket, on a store in a folder.
 *
 * @module
 */

import { expect, test } from 'vitest';
import { bucketContract } from './bucket.contract.ts';
import { folderTarget } from './varve-target.ts';

const leftOut = bucketContract('a bucket of a store in a folder', folderTarget());

test('no group of the contract is left out', () => {
  expect(leftOut).toEqual([]);
});
