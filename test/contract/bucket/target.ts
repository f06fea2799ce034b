/**
 * What the contract suite runs on, and what a group of it is.
 *
 * @module
 */

import { expect } from 'vitest';
import type { Bucket } from '../../../src/index.ts';

/** What Encore's `Bucket` cannot do, and so not every target can. */
export type Capability =
  | 'bodies'
  | 'copy'
  | 'history'
  | 'ifMatch'
  | 'locks'
  | 'metadata'
  | 'nameRanges'
  | 'pages'
  | 'ranges'
  | 'signals'
  | 'streams'
  | 'views';

/** One implementation under test. */
export interface ContractTarget {
  readonly capabilities: readonly Capability[];
  /** An empty bucket, not made yet unless it is versioned, that no other test has. */
  bucket(config?: { readonly versioned?: boolean }): Promise<Bucket>;
  /** The code of an error, or what stands for it where errors have none. */
  codeOf(error: unknown): string | undefined;
}

export interface ContractGroup {
  readonly name: string;
  /** Empty: nothing but what Encore's `Bucket` has. */
  readonly needs: readonly Capability[];
  define(target: ContractTarget): void;
}

/** Asserts that a promise rejects with an error of that code, and gives back the error. */
export async function expectCode(
  target: ContractTarget,
  code: string,
  promise: Promise<unknown>,
): Promise<Error> {
  const error = await rejectionOf(promise);
  expect({ code: target.codeOf(error), error }).toMatchObject({ code });
  return error;
}

/** Asserts that a promise rejects with a `TypeError` that names the argument. */
export async function expectTypeError(promise: Promise<unknown>, argument: string): Promise<void> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toContain(argument);
}

async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`expected a rejection, but got ${JSON.stringify(value)}`);
}

/** Everything that an async iterable yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** The names that a listing shows, in its order. */
export async function namesOf(
  listing: AsyncIterable<{ readonly name: string }>,
): Promise<string[]> {
  return (await collect(listing)).map(({ name }) => name);
}

/** Uploads each name with itself as content, many at a time. */
export async function uploadNames(bucket: Bucket, names: Iterable<string>): Promise<void> {
  await Promise.all([...names].map((name) => bucket.upload(name, Buffer.from(name))));
}

/** The content of an object, as text. */
export async function textOf(content: Promise<Buffer>): Promise<string> {
  return (await content).toString();
}

/** Bytewise order of names in UTF-8: what listings promise. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
