/**
 * Who may import whom in `src`, and what the engine may not touch: the rules, and their checker.
 *
 * Each layer names the layers it may import; nothing else is allowed, and a file that no layer
 * claims is a finding too, so a new folder must be given its place here first. Each dependency has
 * a door: the only files that may import it, so that replacing it is a change of one file.
 *
 * A checker takes the files as values, so that a test can show that every rule is able to fail. It
 * returns one line per finding.
 *
 * @module
 */

import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';
import { computedSpecifier, importsOf, lineOf, parse, visit } from './imports.ts';
import type { ProjectFile } from './project-files.ts';

interface Layer {
  /** Its files: paths from `src`. The first layer that matches has the file. */
  readonly files: RegExp;
  /** Besides itself. */
  readonly mayImport: readonly string[];
  /** Whether it may import modules of Node that have no door. */
  readonly node?: true;
}

/** What every stage of the engine may know: no other stage, and of the machine only the ports. */
const stage = ['base', 'model', 'ports'];

/** The layers, from the ground up. */
export const layers: Readonly<Record<string, Layer>> = {
  base: { files: /^base\//, mayImport: [] },
  model: { files: /^engine\/model\.ts$/, mayImport: [] },
  ports: {
    files: /^engine\/platform\/(platform|file-system|key-value-store)\.ts$/,
    mayImport: ['base', 'model'],
  },
  platform: { files: /^engine\/platform\//, mayImport: stage, node: true },
  chunk: { files: /^engine\/chunk\//, mayImport: stage },
  gzip: { files: /^engine\/gzip\//, mayImport: stage },
  log: { files: /^engine\/log\//, mayImport: stage },
  index: { files: /^engine\/index\//, mayImport: stage },
  engine: {
    files: /^engine\/(maintenance\/)?[^/]+\.ts$/,
    mayImport: [...stage, 'chunk', 'gzip', 'log', 'index'],
  },
  api: { files: /^api\//, mayImport: ['base', 'model', 'ports', 'platform', 'engine'], node: true },
  'front door': { files: /^index\.ts$/, mayImport: ['base', 'api'] },
  cli: { files: /^cli\//, mayImport: ['front door'], node: true },
  'encore-runtime': { files: /^encore-runtime\.cts$/, mayImport: ['front door'], node: true },
};

/** The files through which each dependency enters. */
export const doors: Readonly<Record<string, RegExp>> = {
  level: /^(engine\/index\/database|cli\/bench\/level-target)\.ts$/,
  'memory-level': /^engine\/index\/database\.ts$/,
  '@noble/hashes': /^engine\/platform\/portable-hashing\.ts$/,
  fflate: /^engine\/(platform\/portable-compression|log\/commit-body)\.ts$/,
  '@bokuweb/zstd-wasm': /^engine\/platform\/portable-compression\.ts$/,
  pako: /^engine\/gzip\/deflate\.ts$/,
  commander: /^cli\//,
  'node:crypto': /^(engine\/platform\/(native-hashing|machine)|cli\/torture\/content)\.ts$/,
  'node:fs': /^(engine\/platform\/node-file-system\.ts|cli\/.+)$/,
  'node:net': /^engine\/platform\/node-file-system\.ts$/,
  'node:zlib': /^engine\/platform\/native-compression\.ts$/,
  // The drop-in reads the version of whichever package loaded it; a benchmark loads what a person
  // named and has installed.
  [computedSpecifier]: /^(encore-runtime\.cts|cli\/bench\/optional-package\.ts)$/,
};

/** The name of the layer that has a file. */
export function layerOf(path: string): string | undefined {
  return Object.entries(layers).find(([, { files }]) => files.test(path))?.[0];
}

/** What a specifier is about: `node:fs` for `node:fs/promises`, `level` for `level/x`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Imports that point at a layer they may not know, or past a door. Paths are from `src`. */
export function importFindings(files: readonly ProjectFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    importsOf(path, text).flatMap(({ line, specifier }) => {
      const finding = specifier.startsWith('.')
        ? relativeFinding(path, specifier)
        : packageFinding(path, specifier);
      return finding === undefined ? [] : [`${path}:${line}: ${finding}`];
    }),
  );
}

function relativeFinding(path: string, specifier: string): string | undefined {
  const from = layerOf(path);
  // In a CommonJS file the compiler leaves `require('./index.js')` as it is.
  const target = join(dirname(path), specifier).replace(/js$/, 'ts');
  const to = layerOf(target);
  if (from === undefined) return 'the file belongs to no layer';
  if (to === undefined) return `${target} belongs to no layer`;
  if (from === to || layers[from]?.mayImport.includes(to)) return undefined;
  return `${from} may not import ${to} (${target})`;
}

function packageFinding(path: string, specifier: string): string | undefined {
  const name = packageOf(specifier);
  const door = doors[name];
  if (door !== undefined) return door.test(path) ? undefined : `not the door of ${name}`;
  if (!specifier.startsWith('node:')) {
    return isBuiltin(specifier) ? `write node:${specifier}` : `no door for ${specifier}`;
  }
  const layer = layerOf(path);
  if (layer === undefined) return 'the file belongs to no layer';
  return layers[layer]?.node ? undefined : `${layer} may not import ${specifier}`;
}

const machineGlobals = new Set([
  'Buffer',
  'crypto',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

const machineMembers = new Set(['AbortSignal.timeout', 'Date.now', 'Math.random']);

/** Whether a file must work without Node, and under a simulated clock. */
export function isMachineFree(path: string): boolean {
  return /^(base|engine)\//.test(path) && !path.startsWith('engine/platform/');
}

/** Uses of the machine that are no import: clocks, timers, randomness, Node's globals. */
export function machineFindings(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => isMachineFree(path))
    .flatMap(({ path, text }) => {
      const source = parse(path, text);
      const findings: string[] = [];
      visit(source, (node) => {
        const used = machineUse(node);
        if (used !== undefined) findings.push(`${path}:${lineOf(source, node)}: uses ${used}`);
      });
      return findings;
    });
}

function machineUse(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && machineGlobals.has(node.text) && !isOnlyAName(node)) {
    return node.text;
  }
  if (ts.isPropertyAccessExpression(node) && machineMembers.has(node.getText())) {
    return node.getText();
  }
  const makesDate =
    (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'Date';
  // `new Date(timeMs)` only converts; without an argument it reads the clock.
  return makesDate && (node.arguments ?? []).length === 0 ? 'the current Date' : undefined;
}

/** A member, a key or a declaration may be called `process`; only reading the variable counts. */
function isOnlyAName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return false;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (
    ('name' in parent && parent.name === node) ||
    ('propertyName' in parent && parent.propertyName === node)
  );
}
