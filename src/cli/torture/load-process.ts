/**
 * The process that is killed: it loads a store, and says on stdout what it begins and what was
 * acknowledged.
 *
 * It loads the package first, then waits on stdin for its task. So its parent can start it early,
 * and the moments that are worth a kill (opening, the load, compacting, closing) follow each other
 * closely. When its parent is gone, the first report that nobody reads ends it.
 *
 * @module
 */

import { once } from 'node:events';
import { writeSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ObjectsError, openStore, type Store } from '../../index.ts';
import type { LoadReport, LoadTask } from './load-report.ts';
import { runLoad } from './load.ts';

/** Written at once and in order, so that a kill loses nothing that was acknowledged before it. */
function tell(report: LoadReport): void {
  writeSync(1, `${JSON.stringify(report)}\n`);
}

async function run({ directory, seed, compactAfterMs, closeAfterMs }: LoadTask): Promise<void> {
  tell({ step: 'opening' });
  const store = await openStore(directory);
  tell({ step: 'open' });
  let isOver = false;
  const load = Promise.all([
    runLoad({ store, seed, tell, isOver: () => isOver }),
    compactAfterMs !== undefined && compactAfter(compactAfterMs, store, seed % 2 === 0),
  ]);
  if (closeAfterMs !== undefined) {
    await Promise.race([load, delay(closeAfterMs)]);
    isOver = true;
  }
  await load;
  tell({ step: 'closing' });
  await store.close();
  tell({ step: 'closed' });
}

async function compactAfter(delayMs: number, store: Store, optimize: boolean): Promise<void> {
  await delay(delayMs);
  tell({ step: 'compacting' });
  await store.compact({ optimize });
}

tell({ step: 'loaded' });
const [line] = (await once(process.stdin, 'data')) as [Buffer];
process.stdin.destroy();
try {
  await run(JSON.parse(line.toString()) as LoadTask);
} catch (error) {
  if (!(error instanceof ObjectsError)) throw error;
  tell({ step: 'failed', code: error.code, message: error.message });
  process.exitCode = 1;
}
