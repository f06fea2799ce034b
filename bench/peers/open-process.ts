/**
 * A process that opens a store, and says how long that took and what memory it is resident in.
 *
 *     node --expose-gc open-process.ts FOLDER
 *
 * Between the two it stores and reads a few objects, so that whatever a store makes when it is used
 * is made.
 *
 * @module
 */

import { openStore } from '../../src/index.ts';

/** What it prints, as JSON. */
export interface Opened {
  readonly openSeconds: number;
  readonly residentBytes: number;
  readonly objects: number;
}

const [folder = ''] = process.argv.slice(2);
const uploads = 300;

const begunMs = performance.now();
const store = await openStore(folder);
const openSeconds = (performance.now() - begunMs) / 1000;
const bucket = store.bucket('probe');
for (let index = 0; index < uploads; index++) {
  const content = Buffer.from(`${process.pid} ${index}`);
  await bucket.upload(`probe-${index}`, content, { durability: 'os' });
  const found = await bucket.download(`probe-${index}`);
  if (!found.equals(content)) throw new Error('other bytes came back');
}
const { objects } = await store.stats();
for (let round = 0; round < 3; round++) {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const residentBytes = process.memoryUsage.rss();
await store.close();
console.log(JSON.stringify({ openSeconds, residentBytes, objects } satisfies Opened));
