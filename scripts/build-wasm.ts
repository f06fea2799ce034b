/**
 * Compiles `assembly/` into `src/engine/chunk/hot-loops-binary.ts`; with `--check`, says whether
 * the committed file is what comes out.
 *
 *     npm run build:wasm
 *     npm run check:wasm
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const outputPath = 'src/engine/chunk/hot-loops-binary.ts';

/** Pages of 64 KiB. `hot-loops.ts` asks for no more than the greatest. */
const pages = { first: 2, most: 112 };

/** One screen wide, quotes and indentation included. */
const columns = 90;

const header = `/**
 * The hot loops in WebAssembly, in base64. Written by \`npm run build:wasm\` from \`assembly/\`.
 *
 * @module
 */

`;

/** In a process of its own: the types of the compiler's API redeclare those of TypeScript. */
function compiled(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'varve-wasm-'));
  const binaryPath = join(folder, 'hot-loops.wasm');
  try {
    const compiler = fileURLToPath(import.meta.resolve('assemblyscript/bin/asc.js'));
    const memory = `--initialMemory ${pages.first} --maximumMemory ${pages.most}`;
    const options = `-O3 --runtime stub --noAssert --enable simd ${memory}`.split(' ');
    execFileSync(process.execPath, [
      compiler,
      'assembly/index.ts',
      '--outFile',
      binaryPath,
      ...options,
    ]);
    return readFileSync(binaryPath);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function moduleOf(binary: Uint8Array): string {
  const base64 = Buffer.from(binary).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
  const list = lines.map((line) => `  '${line}',\n`).join('');
  return `${header}export const hotLoopsBinary: string = [\n${list}].join('');\n`;
}

const text = moduleOf(compiled());
if (!process.argv.includes('--check')) writeFileSync(outputPath, text);
else if (readFileSync(outputPath, 'utf8') !== text) {
  console.error(`${outputPath} does not come from assembly/: run npm run build:wasm`);
  process.exitCode = 1;
}
