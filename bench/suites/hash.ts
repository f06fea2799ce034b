/**
 * What does a name cost: SHA-256 of each chunk, natively and in JavaScript?
 *
 * @module
 */

import { toHex } from '../../src/base/bytes.ts';
import { nativeHashing } from '../../src/engine/platform/native-hashing.ts';
import type { Hashing } from '../../src/engine/platform/platform.ts';
import { portableHashing } from '../../src/engine/platform/portable-hashing.ts';
import { generatedBytes } from '../../test/support/content.ts';
import type { Case, Suite } from '../harness.ts';

export const hash: Suite = {
  name: 'hash',
  question: 'what does it cost to name a chunk of 64 KiB?',
  async open() {
    const bytes = 64 * 1024;
    const content = generatedBytes(2, bytes);
    return {
      floor: {
        name: 'crc32',
        work: { bytes },
        check: '1188347901',
        run: () => String(nativeHashing.crc32(content, 0)),
      },
      cases: [
        sha256Case('sha256, native', nativeHashing, content),
        sha256Case('sha256, portable', portableHashing, content),
      ],
      close: async () => undefined,
    };
  },
};

function sha256Case(name: string, hashing: Hashing, content: Uint8Array): Case {
  return {
    name,
    work: { bytes: content.length },
    check: 'b539cd472c503a23',
    run: () => toHex(hashing.sha256(content)).slice(0, 16),
  };
}
