/**
 * Meets every system call of a fixed load on the store's files: kills at each, and fails each.
 *
 *     npm run test:calls [-- 'kill' 'EIO once' 'EIO from then on' 'ENOSPC once']
 *
 * Prints what is wrong as it is found, and at the end what all of it came to. Takes about half an
 * hour; with names of injections, only those.
 */

import {
  InjectedCalls,
  canTrace,
  changingCalls,
  readingCalls,
  type Injection,
} from './injected-calls.ts';

const all: readonly Injection[] = ['kill', 'EIO once', 'EIO from then on', 'ENOSPC once'];

if (!canTrace()) throw new Error('strace is not there, or may not trace: install it, or be root');
const chosen = all.filter((name) => process.argv.length < 3 || process.argv.includes(name));
const calls = new InjectedCalls();
try {
  for (const injection of chosen) {
    // What only reads is killed just as well at the next call that changes something.
    const names = injection === 'kill' ? changingCalls : [...changingCalls, ...readingCalls];
    const recorded = await calls.record(names);
    const figures = { injection, calls: recorded.length, met: 0, wrong: 0 };
    const startMs = performance.now();
    for (const each of recorded) {
      const { met, problems } = await calls.meet(each, injection);
      if (met) figures.met++;
      if (problems.length === 0) continue;
      figures.wrong++;
      console.log(injection, each, problems.join('\n'));
    }
    console.log({ ...figures, seconds: Math.round((performance.now() - startMs) / 1000) });
    if (figures.wrong > 0) process.exitCode = 1;
  }
} finally {
  calls.remove();
}
