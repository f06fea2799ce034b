/**
 * docs/cli.md is true: it has the exit codes, the commands and the options that the code has.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { projectFiles } from '../support/project-files.ts';
import { Workplace } from '../support/command-line.ts';

let place: Workplace;

beforeEach(() => {
  place = new Workplace();
});

afterEach(() => {
  place.remove();
});

describe('docs/cli.md', () => {
  const document = projectFiles((path) => path === 'docs/cli.md')[0]?.text ?? '';

  test('has the exit codes of the code', () => {
    const rows = [...document.matchAll(/^\| `(\d+)` +\| ([^|]+)/gm)];
    expect(rows.map(([, code]) => Number(code))).toEqual(Object.values(exitCodes));
  });

  test('has every command with every option, and no other', async () => {
    const help = await place.ok('--help');
    const commands = [...help.matchAll(/^ {2}([a-z]+)(?= )/gm)].map(([, name]) => name as string);
    const documented = [...document.matchAll(/^### `varve ([a-z]+)/gm)].map(
      ([, name]) => name as string,
    );
    expect(documented.sort()).toEqual(commands.filter((name) => name !== 'help').sort());
    const helps = await Promise.all(documented.map((name) => place.ok(name, '--help')));
    for (const [index, name] of documented.entries()) {
      const section = document.split(`### \`varve ${name}`)[1]?.split(/^##/m)[0] ?? '';
      const options = new Set(helps[index]?.match(/--[a-z-]+/g) ?? []);
      expect(options.size).toBeGreaterThan(2);
      for (const option of options) {
        if (!['--store', '--json', '--help'].includes(option)) expect(section).toContain(option);
      }
    }
  });
});
