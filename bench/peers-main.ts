/**
 * `npm run bench:peers`: measures Varve beside what people use today, and says which goals are met.
 *
 *     npm run bench:peers -- [--only a,b] [--out FOLDER] [--dir FOLDER] [--corpora-dir FOLDER]
 *                            [--markdown] [--smoke]
 *
 * Everything is written to a new folder below `--dir`, and removed; corpora are fetched with npm
 * into `--corpora-dir` and stay there. With `--out`, `peers.json` and `peers.html` are saved there.
 * lmdb, cacache and better-sqlite3 are taken from the current folder, if they are installed.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runPeers } from './peers/peers.ts';
import { peersHtml } from './peers/peers-html.ts';
import { peersMarkdown, peersTable } from './peers/peers-table.ts';
import { rows } from './peers/rows.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    out: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    'corpora-dir': { type: 'string', default: join(tmpdir(), 'varve-corpora') },
    markdown: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
});

const wanted = values.only?.split(',');
const known = rows.map(({ name }) => name);
const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
if (unknown.length > 0) {
  throw new Error(`no such row: ${unknown.join(', ')}; there are ${known.join(', ')}`);
}

const result = await runPeers({
  rows: rows.filter(({ name }) => wanted?.includes(name) ?? true),
  smoke: values.smoke,
  directory: values.dir,
  corporaFolder: resolve(values['corpora-dir']),
  say: (what) => console.error(what),
});
console.log(values.markdown ? peersMarkdown(result) : peersTable(result));
if (values.out !== undefined) {
  const folder = resolve(values.out);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'peers.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(join(folder, 'peers.html'), peersHtml(result));
}
