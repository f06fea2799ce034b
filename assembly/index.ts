/**
 * The hot loops of `src/engine/chunk/` in WebAssembly, which runs fast from its first call on.
 *
 * This is AssemblyScript: the syntax of TypeScript, and the types of WebAssembly. Each loop does
 * what the plain one in `src/engine/chunk/` does, to the byte; property tests hold the two against
 * each other. Numbers are 32 bits wide, places are addresses in one memory, and nothing is
 * allocated: whoever calls lays the inputs side by side and says where the answer may go.
 *
 * `npm run build:wasm` compiles this folder into `src/engine/chunk/hot-loops-binary.ts`, which is
 * committed; `npm run check:wasm` says whether it still comes from here.
 */

export { addendsAt, freeAt, gearAt, greatestAt, multipliersAt } from './memory';
export { decodeDelta } from './decode-delta';
export { encodeDelta } from './encode-delta';
export { sample } from './sample';
