/**
 * What operations cost in one store, in a process that does nothing else.
 *
 * Costs of what is done often are processor time of the whole process, as the machine may be busy
 * with others; times of opening and closing are by the clock, as they are what somebody waits for.
 * Every answer is looked at.
 *
 * @module
 */

import { openStore, type Bucket } from '../../src/index.ts';
import { addObject, bucketName, contentOf, folderCount, nameOf } from './store-of-size.ts';

/** What one process found. */
export interface ProbeFigures {
  readonly openMs: number;
  /** Of the process, when it had opened the store and collected its garbage. */
  readonly residentBytes: number;
  readonly uploadUs: number;
  readonly downloadUs: number;
  readonly listPageUs: number;
  readonly groupsUs: number;
  /** With the checkpoint, behind as many uploads as `uploadUs` took. */
  readonly closeMs: number;
}

export interface ProbeOptions {
  readonly objects: number;
  /** So often each operation is done. */
  readonly repeats: number;
}

const uploadBytes = 4096;

/** From here on, numbers are of objects that a store gets besides those that make its size. */
const firstUpload = 2 ** 31;
const firstLeftOpen = 3 * 2 ** 30;

/** Opens the store, does each operation, and closes it again. It has some objects more then. */
export async function probe(directory: string, options: ProbeOptions): Promise<ProbeFigures> {
  const { objects, repeats } = options;
  const beganMs = performance.now();
  const store = await openStore(directory, { mustExist: true });
  const openMs = performance.now() - beganMs;
  const bucket = store.bucket(bucketName);
  globalThis.gc?.();
  const residentBytes = process.memoryUsage.rss();

  const numbers = Array.from({ length: repeats }, (_, i) => Math.floor((i / repeats) * objects));
  const downloadUs = await costUs(numbers, (number) => checkDownload(bucket, number));
  const pages = numbers.slice(0, Math.max(1, repeats / 32));
  const listPageUs = await costUs(pages, (number) => checkPage(bucket, number));
  const groupsUs = await costUs(pages, () => checkGroups(bucket, objects));
  const added = numbers.map((_, i) => firstUpload + objects + i);
  const uploadUs = await costUs(added, (number) => addObject(bucket, number, uploadBytes));

  const closingMs = performance.now();
  await store.close();
  const closeMs = performance.now() - closingMs;
  return { openMs, residentBytes, uploadUs, downloadUs, listPageUs, groupsUs, closeMs };
}

/** Adds `tail` objects to a store of `objects`, and ends the process without closing it. */
export async function leaveOpen(directory: string, objects: number, tail: number): Promise<never> {
  const store = await openStore(directory, { mustExist: true });
  const bucket = store.bucket(bucketName);
  const numbers = Array.from({ length: tail }, (_, i) => firstLeftOpen + objects + i);
  await Promise.all(numbers.map((number) => addObject(bucket, number)));
  await store.sync();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

/** Processor time of one, in microseconds. The first one is done before, and not counted. */
async function costUs(
  numbers: readonly number[],
  operation: (number: number) => Promise<void>,
): Promise<number> {
  const [first] = numbers;
  if (first !== undefined) await operation(first);
  const before = process.cpuUsage();
  for (const number of numbers) await operation(number);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / numbers.length;
}

async function checkDownload(bucket: Bucket, number: number): Promise<void> {
  const content = await bucket.download(nameOf(number));
  if (!content.equals(contentOf(number))) throw new Error(`${nameOf(number)} came back different`);
}

async function checkPage(bucket: Bucket, number: number): Promise<void> {
  const startAfter = nameOf(number % folderCount);
  const { entries } = await bucket.listPage({ startAfter, pageSize: 1000 });
  const isSorted = entries.every(({ name }, i) => name > (entries[i - 1]?.name ?? startAfter));
  if (!isSorted) throw new Error('a page is not in order');
}

async function checkGroups(bucket: Bucket, objects: number): Promise<void> {
  const { prefixes } = await bucket.listPage({ delimiter: '/', pageSize: folderCount });
  const least = Math.min(objects, folderCount);
  if (prefixes.length < least) throw new Error(`${prefixes.length} groups, not ${least}`);
}
