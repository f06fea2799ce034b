/**
 * The command line among other programs: pipes of any length, readers that leave, signals.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { builtFile } from '../support/build.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(async () => {
  place = new Workplace();
  await place.fill('b');
});

afterEach(() => {
  place.remove();
});

const megabytes = 40;
const produce = `head -c ${megabytes}000000 /dev/urandom`;

describe('put - and cat', () => {
  test('carry a stream through pipes, byte for byte', async () => {
    const { stdout, exitCode } = await place.shell(
      `${produce} > in; cat in | varve put - b/a > put.log
       varve cat b/a | cmp - in && echo same`,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: 'same\n', exitCode: 0 });
  });

  test('put takes a pipe that has a name, too', async () => {
    const { stdout, exitCode } = await place.shell(
      `${produce} > in; mkfifo pipe; cat in > pipe & varve put pipe b/a > put.log; wait
       varve cat b/a | cmp - in && echo same`,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: 'same\n', exitCode: 0 });
  });

  test('a reader that has seen enough is no failure', async () => {
    const { stdout, stderr, exitCode } = await place.shell(
      `${produce} | varve put - b/a > put.log && varve cat b/a | head -c 10 | wc -c; varve verify`,
    );
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toMatch(/^10\n.*all is well\n$/);
  });

  test('a reader that leaves a long listing is no failure', async () => {
    const { stdout, stderr, exitCode } = await place.shell(
      `mkdir d; for i in $(seq 3000); do echo > d/$i; done; varve import d b > log
       varve ls -lr b | head -n 1 | wc -l`,
    );
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '1\n', stderr: '', exitCode: 0 });
  });

  test('nothing but content is on stdout, and nothing at all on stderr', async () => {
    await place.fill('b', { empty: '' });
    expect(await place.run(['cat', 'b/empty', '--json'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('content that is not text passes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await place.run(['put', '-', 'b/a'], { input: bytes });
    const { stdoutBytes } = await place.run(['cat', 'b/a']);
    expect([...stdoutBytes]).toEqual([...bytes]);
  });
});

describe('a signal', () => {
  test.each([
    ['SIGINT', exitCodes.interrupted],
    ['SIGTERM', exitCodes.terminated],
  ] as const)(
    '%s ends a command with %i, and nothing half-written is there',
    async (signal, code) => {
      const child = spawn(process.execPath, [builtFile('cli/main.js'), 'put', '-', 'b/a'], {
        cwd: place.folder,
        env: { ...process.env, VARVE_STORE: '' },
      });
      let stderr = '';
      child.stderr.on('data', (data: Buffer) => {
        stderr += data.toString();
      });
      // The command reads, so it has its handlers; stdin stays open, so it would wait for ever.
      child.stdin.write(new Uint8Array(10_000_000));
      await once(child.stdin, 'drain');
      child.kill(signal);
      const [exitCode] = (await once(child, 'close')) as [number | null];
      expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: 'varve: interrupted\n' });
      expect(await place.ok('ls', 'b', '--versions')).toBe('');
      expect(await place.json('verify')).toMatchObject({ ok: true });
    },
  );
});

// Other systems have another `script`, or none.
test.skipIf(process.platform !== 'linux')(
  'progress is shown on a terminal and taken away, and nowhere else',
  async () => {
    const { stdout, exitCode } = await place.shell(
      `${produce} > in
       script -qec "$VARVE put in b/a" typescript > /dev/null
       script -qec "$VARVE put in b/b --json" typescript-json > /dev/null
       grep -c 'put  \\[' typescript; grep -c 'put  \\[' typescript-json
       grep -o 'Kstored b/a *[0-9.]* MiB' typescript
       varve put in b/c 2> messages > /dev/null; wc -c < messages`,
    );
    expect({ stdout, exitCode }).toEqual({
      stdout: '1\n0\nKstored b/a  38.1 MiB\n0\n',
      exitCode: 0,
    });
  },
);
