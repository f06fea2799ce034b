/**
 * A process that asks for the lock of a directory and says whether it got it.
 *
 *     node --import tsx hold-lock.ts DIRECTORY [stay | cluster]
 *
 * With `stay` it then lives until it is killed; otherwise it has nothing left to do. With `cluster`
 * two workers of one cluster ask, and both are alive when they are counted.
 */

import cluster from 'node:cluster';
import { nodeFileSystem } from '../../../../src/engine/platform/node-file-system.ts';

const [directory = '', how] = process.argv.slice(2);

if (how === 'cluster' && cluster.isPrimary) {
  const answers = [cluster.fork(), cluster.fork()].map(
    (worker) => new Promise<string>((resolve) => worker.once('message', resolve)),
  );
  console.log((await Promise.all(answers)).sort().join(' '));
  process.exit();
}

const answer = (await nodeFileSystem.lock(directory)) === undefined ? 'refused' : 'granted';
if (cluster.isWorker) process.send?.(answer);
else console.log(answer);
if (how === 'stay') setInterval(() => {}, 1000);
