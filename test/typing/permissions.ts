/**
 * A handle is typed as what it was given, whether by a type or by words.
 *
 * The compiler is the test: nothing here runs, and a line that should not compile says so.
 *
 * @module
 */

import type { Bucket, Downloader, Lister, ReadWriter, Uploader } from '../../src/index.ts';

export async function byType(bucket: Bucket): Promise<void> {
  const handle = bucket.ref<Uploader & Downloader>();
  await handle.upload('a', 'x');
  await handle.download('a');
  // @ts-expect-error It may not list.
  handle.list();
  // @ts-expect-error What is no permission cannot be asked for.
  bucket.ref<string>();
  // @ts-expect-error A type that merely has the method is no permission.
  bucket.ref<{ upload(): void }>();
}

export async function byWords(bucket: Bucket): Promise<void> {
  const handle = bucket.ref('read', 'list');
  await handle.download('a');
  handle.list();
  // @ts-expect-error It may not store.
  await handle.upload('a', 'x');
  // @ts-expect-error There is no such word.
  bucket.ref('fly');
}

export async function passedOn(bucket: Bucket): Promise<void> {
  await backup(bucket, bucket.ref('write'));
  await backup(bucket.ref('read', 'list'), bucket);
  // @ts-expect-error It cannot read.
  await backup(bucket.ref('list'), bucket);
  const everything: ReadWriter = bucket;
  await everything.remove('a');
}

async function backup(from: Downloader & Lister, to: Uploader): Promise<void> {
  for await (const { name } of from.list()) await to.upload(name, await from.download(name));
}
