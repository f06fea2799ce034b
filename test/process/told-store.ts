/**
 * A store in another process, which does what it is told: the parent's end of store-process.ts.
 */

import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { StoreAnswer, StoreCommand } from './store-process.ts';

const script = fileURLToPath(new URL('./store-process.ts', import.meta.url));

export class ToldStore {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #errors: Promise<string>;

  constructor() {
    this.#child = spawn(process.execPath, ['--import', 'tsx', script]);
    // A process that is gone says so when its answer is waited for.
    this.#child.stdin.on('error', () => {});
    this.#errors = text(this.#child.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Has it do something. Throws only if the process fails; errors of the store are answers. */
  async tell(command: StoreCommand): Promise<StoreAnswer> {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`the process has ended: ${await this.#errors}`);
    return JSON.parse(value) as StoreAnswer;
  }

  /** Has it do something that must succeed. */
  async mustDo(command: StoreCommand): Promise<unknown> {
    const answer = await this.tell(command);
    if ('code' in answer) throw new Error(`${command.do}: ${answer.code}: ${answer.message}`);
    return answer.result;
  }

  /** Has it do something that must fail. */
  async mustFail(command: StoreCommand): Promise<{ code: string; message: string }> {
    const answer = await this.tell(command);
    if ('code' in answer) return answer;
    throw new Error(`${command.do} succeeded: ${JSON.stringify(answer.result)}`);
  }

  /** From now on its files cannot grow beyond this: writes fail as on a full disk, with `EFBIG`. */
  limitFileBytes(limit: number | 'unlimited'): void {
    execFileSync('prlimit', ['--pid', String(this.pid), `--fsize=${limit}:`]);
  }

  /** Ends its stdin, upon which it ends by itself, and waits for that. */
  async end(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await closed;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
