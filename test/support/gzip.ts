/**
 * Gzip streams as others make them, and content that is worth compressing.
 *
 * @module
 */

import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { generatedBytes, generatedText } from './content.ts';

/** What `node:zlib` can be told. */
export interface ZlibSettings {
  readonly level: number;
  readonly memLevel: number;
  readonly strategy: number;
  readonly windowBits: number;
}

/** What Node takes when it is told nothing. */
export const zlibDefaults: ZlibSettings = { level: 6, memLevel: 8, strategy: 0, windowBits: 15 };

/** Anything that `node:zlib` can be told; mostly what people do tell it. */
export const arbitrarySettings: fc.Arbitrary<ZlibSettings> = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.oneof({ arbitrary: fc.constant(8), weight: 3 }, fc.integer({ min: 1, max: 9 })),
  strategy: fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, fc.integer({ min: 0, max: 4 })),
  windowBits: fc.oneof({ arbitrary: fc.constant(15), weight: 3 }, fc.integer({ min: 9, max: 15 })),
});

/** Text, noise, and runs, of which a gzip stream has one block or a few. */
export function arbitraryPlain(bytesMax: number): fc.Arbitrary<Uint8Array> {
  const part = fc
    .record({
      kind: fc.constantFrom('text', 'noise', 'run'),
      seed: fc.nat(1000),
      byteCount: fc.nat(bytesMax / 3),
    })
    .map(({ kind, seed, byteCount }) => {
      if (kind === 'text') return generatedText(seed, byteCount);
      return kind === 'noise'
        ? generatedBytes(seed, byteCount)
        : new Uint8Array(byteCount).fill(seed);
    });
  return fc.array(part, { maxLength: 3 }).map((parts) => Buffer.concat(parts));
}

/** The optional fields of a header. */
export interface HeaderFields {
  readonly extra?: Uint8Array | undefined;
  readonly name?: string | undefined;
  readonly comment?: string | undefined;
  readonly hasChecksum?: boolean | undefined;
}

export const arbitraryFields: fc.Arbitrary<HeaderFields> = fc.record({
  extra: fc.option(fc.uint8Array({ maxLength: 30 }), { nil: undefined }),
  name: fc.option(fc.stringMatching(/^[a-z.]{0,20}$/), { nil: undefined }),
  comment: fc.option(fc.stringMatching(/^[a-z ]{0,20}$/), { nil: undefined }),
  hasChecksum: fc.boolean(),
});

/** One member of a gzip stream. */
export function gzipMember(
  content: Uint8Array,
  settings: ZlibSettings = zlibDefaults,
  { extra, name, comment, hasChecksum = false }: HeaderFields = {},
): Buffer {
  const flags =
    (hasChecksum ? 2 : 0) |
    (extra === undefined ? 0 : 4) |
    (name === undefined ? 0 : 8) |
    (comment === undefined ? 0 : 16);
  const effort = settings.level === 9 ? 2 : settings.level === 1 ? 4 : 0;
  const parts = [Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, effort, 3])];
  if (extra !== undefined) parts.push(Buffer.from([extra.length, 0]), Buffer.from(extra));
  if (name !== undefined) parts.push(Buffer.from(`${name}\0`, 'latin1'));
  if (comment !== undefined) parts.push(Buffer.from(`${comment}\0`, 'latin1'));
  const header = Buffer.concat(parts);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc32(header) % 2 ** 16);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content));
  trailer.writeUInt32LE(content.length % 2 ** 32, 4);
  const stream = deflateRawSync(content, settings);
  return Buffer.concat([header, hasChecksum ? checksum : Buffer.alloc(0), stream, trailer]);
}

/** A tar archive of files, in the form of 1988. */
export function tarOf(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Buffer {
  const blocks = files.flatMap(({ name, bytes }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'latin1');
    header.write('0000644\0', 100);
    header.write(`${bytes.length.toString(8).padStart(11, '0')} `, 124);
    header.write('        ', 148);
    header.write('0ustar\u000000', 156, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
