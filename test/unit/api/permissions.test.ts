/**
 * Handles that may do only what they were given: a table of every method and its word.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allPermissions, type Permission } from '../../../src/api/permissions.ts';
import { type Bucket, openStore, type Store } from '../../../src/index.ts';
import { collect, textOf } from '../../contract/bucket/target.ts';

const notNow = 'UNSUPPORTED';

/** Every method with the words it needs, and the code it fails with even then, if it does. */
const methods: [
  name: string,
  needs: readonly Permission[],
  call: (bucket: Bucket) => unknown,
  failsWith?: string,
][] = [
  ['upload', ['write'], (bucket) => bucket.upload('new', 'x')],
  ['restore', ['write'], (bucket) => bucket.restore('a', 'nonsense'), 'NOT_FOUND'],
  ['lock', ['write'], (bucket) => bucket.lock('a', { until: new Date(0) })],
  ['download', ['read'], (bucket) => bucket.download('a')],
  ['downloadStream', ['read'], async (bucket) => collect(bucket.downloadStream('a'))],
  ['copy', ['read', 'write'], (bucket) => bucket.copy('a', 'copy')],
  ['attrs', ['attrs'], (bucket) => bucket.attrs('a')],
  ['exists', ['attrs'], (bucket) => bucket.exists('a')],
  ['wouldFree', ['attrs'], (bucket) => bucket.wouldFree('a')],
  ['storage', ['attrs', 'list'], (bucket) => bucket.storage()],
  ['storage of one', ['attrs'], (bucket) => bucket.storage({ name: 'a' })],
  ['list', ['list'], (bucket) => collect(bucket.list())],
  ['listPage', ['list'], (bucket) => bucket.listPage()],
  ['versions', ['list'], (bucket) => collect(bucket.versions())],
  ['remove', ['remove'], (bucket) => bucket.remove('missing'), 'NOT_FOUND'],
  ['signedUploadUrl', ['signed-upload'], (bucket) => bucket.signedUploadUrl('a'), notNow],
  ['signedDownloadUrl', ['signed-download'], (bucket) => bucket.signedDownloadUrl('a'), notNow],
  ['publicUrl', ['public-url'], async (bucket) => bucket.publicUrl('a'), 'INVALID'],
  ['at().download', ['read'], (bucket) => bucket.at(new Date()).download('a')],
  ['at().attrs', ['attrs'], (bucket) => bucket.at(new Date()).attrs('a')],
  ['at().exists', ['attrs'], (bucket) => bucket.at(new Date()).exists('a')],
  ['at().list', ['list'], (bucket) => collect(bucket.at(new Date()).list())],
  ['at().listPage', ['list'], (bucket) => bucket.at(new Date()).listPage()],
];

let store: Store;
let bucket: Bucket;

beforeAll(async () => {
  store = await openStore({ memory: true });
  bucket = store.bucket('b', { versioned: true });
  await bucket.upload('a', 'content');
});

afterAll(async () => {
  await store.close();
});

/** A handle with these permissions, with the type of one that has them all. */
function handleWith(permissions: readonly Permission[], from = bucket): Bucket {
  const [first, ...others] = permissions;
  return from.ref(first as 'read', ...others) as unknown as Bucket;
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'none';
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

describe('a handle', () => {
  test.each(methods)(
    'may call %s if it has %j, and not without',
    async (_, needs, call, failsWith) => {
      expect(await codeOf(() => call(handleWith(needs)))).toBe(failsWith ?? 'none');
      for (const missing of needs) {
        const others = allPermissions.filter((permission) => permission !== missing);
        expect(await codeOf(() => call(handleWith(others)))).toBe('PERMISSION');
      }
    },
  );

  test('is refused before anything else is looked at', async () => {
    const handle = handleWith(['list']);
    await expect(handle.download('')).rejects.toMatchObject({ code: 'PERMISSION' });
    await expect(handle.download('a')).rejects.toThrow('permission=read bucket=b');
  });

  test('copies only to where it may write', async () => {
    const reader = handleWith(['read']);
    const toBucket = store.bucket('other').ref('write');
    await reader.copy('a', 'copied', { toBucket });
    expect(await textOf(store.bucket('other').download('copied'))).toBe('content');
    const closed = handleWith(['read'], store.bucket('other'));
    const copy = reader.copy('a', 'again', { toBucket: closed });
    await expect(copy).rejects.toMatchObject({ code: 'PERMISSION' });
  });

  test('cannot give itself more than it was given', async () => {
    const reader = handleWith(['read', 'attrs']);
    const wider = handleWith(['read', 'write'], reader);
    expect(await textOf(wider.download('a'))).toBe('content');
    expect(await codeOf(() => wider.upload('x', 'x'))).toBe('PERMISSION');
    expect(await codeOf(() => wider.attrs('a'))).toBe('PERMISSION');
  });

  test('typed without words is the same handle', () => {
    expect(bucket.ref()).toBe(bucket);
  });

  test('is not made with words that are none', () => {
    const invalid = expect.objectContaining({ code: 'INVALID' }) as Error;
    expect(() => bucket.ref('fly' as 'read')).toThrow(invalid);
    expect(() => bucket.ref(5 as unknown as 'read')).toThrow(TypeError);
  });
});

test('every method of a bucket that does something is in the table', () => {
  const inTable = new Set(methods.map(([name]) => name));
  const onBucket = Object.getOwnPropertyNames(Object.getPrototypeOf(bucket) as object);
  const notWork = ['constructor', 'at', 'ref'];
  expect(onBucket.filter((name) => !notWork.includes(name) && !inTable.has(name))).toEqual([]);
});
