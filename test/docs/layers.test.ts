/**
 * The layers are as ARCHITECTURE.md draws them, and the rules that say so can fail.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { importsOf } from '../support/imports.ts';
import {
  doors,
  importFindings,
  isMachineFree,
  layerOf,
  layers,
  machineFindings,
  packageOf,
} from '../support/layers.ts';
import { type ProjectFile, projectFiles } from '../support/project-files.ts';

const files: readonly ProjectFile[] = projectFiles((path) => /^src\/.+\.[cm]?ts$/.test(path)).map(
  ({ path, text }) => ({ path: path.slice('src/'.length), text }),
);

describe('the source', () => {
  test('imports point down the layers, and dependencies enter through their doors', () => {
    expect(importFindings(files)).toEqual([]);
  });

  test('the engine reads no clock, no randomness and no global of Node', () => {
    expect(machineFindings(files)).toEqual([]);
  });

  test('every file has a layer, and every layer has files', () => {
    const found = files.map(({ path }) => layerOf(path) ?? `no layer for ${path}`);
    expect([...new Set(found)].sort()).toEqual(Object.keys(layers).sort());
  });

  test('every door is used, and every runtime dependency has one', () => {
    const imported = files.flatMap(({ path, text }) =>
      importsOf(path, text).map(({ specifier }) => packageOf(specifier)),
    );
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const doorNames = Object.keys(doors).sort();
    expect(doorNames.filter((name) => imported.includes(name))).toEqual(doorNames);
    expect(doorNames).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  });

  test('the rules look at something', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter(({ path }) => isMachineFree(path)).length).toBeGreaterThan(15);
    expect(files.flatMap(({ path, text }) => importsOf(path, text)).length).toBeGreaterThan(100);
  });
});

describe('importsOf', () => {
  test.each([
    ["import { a } from './x.ts';"],
    ["import './x.ts';"],
    ["import type { A } from './x.ts';"],
    ["import a = require('./x.ts');"],
    ["export * from './x.ts';"],
    ["export type { A } from './x.ts';"],
    ["const a = await import('./x.ts');"],
    ['const a = await import(`./x.ts`);'],
    ["let a: import('./x.ts').A;"],
    ["let a: typeof import('./x.ts');"],
    ["const a = require('./x.ts');"],
  ])('sees %s', (text) => {
    expect(importsOf('a.cts', `\n${text}`)).toEqual([{ line: 2, specifier: './x.ts' }]);
  });

  test('reports what is computed under a name that one file may use', () => {
    const imports = importsOf('cli/a.ts', 'await import(name);');
    expect(imports).toEqual([{ line: 1, specifier: '<computed>' }]);
    expect(importFindings([{ path: 'cli/a.ts', text: 'await import(name);' }])).toHaveLength(1);
  });

  test('does not take a comment or a string for an import', () => {
    expect(importsOf('a.ts', "// import './x.ts'\nconst a = \"import './x.ts'\";")).toEqual([]);
  });
});

describe('importFindings', () => {
  test.each([
    ['base/a.ts', '../engine/model.ts', 'base may not import model'],
    ['engine/model.ts', '../base/bytes.ts', 'model may not import base'],
    ['engine/platform/file-system.ts', './machine.ts', 'ports may not import platform'],
    ['engine/platform/machine.ts', '../log/journal.ts', 'platform may not import log'],
    ['engine/chunk/a.ts', '../log/frame.ts', 'chunk may not import log'],
    ['engine/log/a.ts', '../index/keys.ts', 'log may not import index'],
    ['engine/index/a.ts', '../chunk/hash.ts', 'index may not import chunk'],
    ['engine/chunk/a.ts', '../platform/machine.ts', 'chunk may not import platform'],
    ['engine/log/a.ts', '../platform/node-file-system.ts', 'log may not import platform'],
    ['engine/engine.ts', './platform/machine.ts', 'engine may not import platform'],
    ['engine/maintenance/a.ts', '../platform/machine.ts', 'engine may not import platform'],
    ['engine/engine.ts', '../api/store.ts', 'engine may not import api'],
    ['api/store.ts', '../engine/log/journal.ts', 'api may not import log'],
    ['api/store.ts', '../cli/main.ts', 'api may not import cli'],
    ['index.ts', './engine/model.ts', 'front door may not import model'],
    ['cli/main.ts', '../api/store.ts', 'cli may not import api'],
    ['cli/main.ts', '../base/errors.ts', 'cli may not import base'],
    ['encore-runtime.cts', './api/store.js', 'encore-runtime may not import api'],
    ['engine/new-folder/a.ts', '../model.ts', 'the file belongs to no layer'],
    ['new-file.ts', 'node:os', 'the file belongs to no layer'],
    ['api/a.ts', '../server/http.ts', 'server/http.ts belongs to no layer'],
    ['engine/log/a.ts', 'node:path', 'log may not import node:path'],
    ['base/a.ts', 'node:util', 'base may not import node:util'],
    ['api/a.ts', 'stream', 'write node:stream'],
    ['cli/a.ts', 'chalk', 'no door for chalk'],
    ['engine/index/a.ts', 'level', 'not the door of level'],
    ['engine/index/a.ts', 'memory-level', 'not the door of memory-level'],
    ['engine/chunk/hash.ts', '@noble/hashes/sha2.js', 'not the door of @noble/hashes'],
    ['engine/chunk/a.ts', 'fflate', 'not the door of fflate'],
    ['engine/chunk/a.ts', '@bokuweb/zstd-wasm', 'not the door of @bokuweb/zstd-wasm'],
    ['api/a.ts', 'commander', 'not the door of commander'],
    ['api/a.ts', 'encore.dev/package.json', 'no door for encore.dev'],
    ['api/a.ts', 'node:crypto', 'not the door of node:crypto'],
    ['api/a.ts', 'node:fs/promises', 'not the door of node:fs'],
    ['cli/a.ts', 'node:net', 'not the door of node:net'],
    ['engine/platform/machine.ts', 'node:zlib', 'not the door of node:zlib'],
  ])('refuses that %s imports %s', (path, specifier, finding) => {
    for (const text of [`import '${specifier}';`, `let a: import('${specifier}').A;`]) {
      const findings = importFindings([{ path, text }]);
      expect(findings).toHaveLength(1);
      expect(findings[0]).toContain(`${path}:1: ${finding}`);
    }
  });

  test.each([
    ['base/bytes.ts', './assert.ts'],
    ['engine/platform/platform.ts', '../model.ts'],
    ['engine/platform/machine.ts', 'node:os'],
    ['engine/platform/machine.ts', 'node:crypto'],
    ['engine/platform/node-file-system.ts', 'node:fs/promises'],
    ['engine/chunk/a.ts', '../platform/platform.ts'],
    ['engine/log/a.ts', '../platform/file-system.ts'],
    ['engine/index/database.ts', 'level'],
    ['engine/engine.ts', './log/journal.ts'],
    ['engine/maintenance/verify.ts', '../read-path.ts'],
    ['api/store.ts', '../engine/platform/machine.ts'],
    ['api/store.ts', 'node:diagnostics_channel'],
    ['index.ts', './api/store.ts'],
    ['cli/main.ts', '../index.ts'],
    ['cli/commands/put.ts', 'node:fs'],
    ['cli/commands/put.ts', 'commander'],
    ['encore-runtime.cts', './index.js'],
  ])('allows that %s imports %s', (path, specifier) => {
    expect(importFindings([{ path, text: `import '${specifier}';` }])).toEqual([]);
  });
});

describe('machineFindings', () => {
  const findings = (text: string, path = 'engine/log/a.ts'): string[] =>
    machineFindings([{ path, text }]);

  test.each([
    'Date.now()',
    'new Date()',
    'new Date',
    'Date()',
    'Math.random()',
    'AbortSignal.timeout(5)',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'queueMicrotask(f)',
    'performance.now()',
    'process.pid',
    '({ process })',
    'Buffer.alloc(1)',
    'let a: Buffer',
    'crypto.randomUUID()',
    "globalThis['Date']",
  ])('refuses %s', (text) => {
    expect(findings(text)).toHaveLength(1);
    expect(findings(text, 'base/a.ts')).toHaveLength(1);
    expect(findings(text, 'engine/engine.ts')).toHaveLength(1);
  });

  test.each([
    'new Date(timeMs)',
    'platform.process.pid',
    'interface A { readonly process: number; setTimeout(): void }',
    '({ process: 1 })',
    'bytes.buffer',
    '// Date.now()',
    "'Math.random()'",
  ])('allows %s', (text) => {
    expect(findings(text)).toEqual([]);
  });

  test('leaves the platform, the API and the shells alone', () => {
    for (const path of ['engine/platform/machine.ts', 'api/store.ts', 'cli/main.ts']) {
      expect(findings('process.pid; Date.now();', path)).toEqual([]);
    }
  });
});
