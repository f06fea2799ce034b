/**
 * A delta undone: the plain loop is `decodeDelta` of `src/engine/chunk/delta.ts`. That one says
 * what is wrong with a delta; this one only says that something is.
 */

/** What copies may read and write behind the end of what they are given. */
const overrunBytes: i32 = 16;

/** Copies up to this size are not worth a call. */
const shortCopyBytes: i32 = 128;

/** What is left of the instructions. */
let cursor: i32 = 0;
let deltaEnd: i32 = 0;

/**
 * Writes to `target` what the delta makes. Returns whether it is one, and makes so many bytes.
 * Behind each of the three stretches of memory there are {@link overrunBytes} of no use.
 */
export function decodeDelta(
  base: i32,
  baseBytes: i32,
  delta: i32,
  deltaBytes: i32,
  target: i32,
  targetBytes: i32,
): bool {
  cursor = delta;
  deltaEnd = delta + deltaBytes;
  const literalBytes = readVarint();
  if (literalBytes < 0 || literalBytes > deltaEnd - cursor) return false;
  let literal = cursor;
  const literalsEnd = literal + literalBytes;
  const targetEnd = target + targetBytes;
  let made = target;
  let expected: i32 = 0;
  cursor = literalsEnd;
  while (cursor < deltaEnd) {
    const addedBytes = readVarint();
    const copyBytes = readVarint();
    const distance = readVarint();
    if (addedBytes < 0 || copyBytes <= 0 || distance < 0) return false;
    if (addedBytes > literalsEnd - literal || addedBytes + copyBytes > targetEnd - made) {
      return false;
    }
    copy(made, literal, addedBytes);
    literal += addedBytes;
    const position = expected + ((distance >> 1) ^ -(distance & 1));
    if (position < 0 || position > baseBytes - copyBytes) return false;
    copy(made + addedBytes, base + position, copyBytes);
    made += addedBytes + copyBytes;
    expected = position + copyBytes;
  }
  if (literalsEnd - literal !== targetEnd - made) return false;
  memory.copy(made, literal, targetEnd - made);
  return true;
}

/** A varint of up to 28 bits in its shortest form, or -1. */
function readVarint(): i32 {
  let value: i32 = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (cursor >= deltaEnd) return -1;
    const byte = <i32>load<u8>(cursor++);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return byte === 0 && shift > 0 ? -1 : value;
  }
  return -1;
}

/** Copies bytes, and a few behind them: what follows is written later. */
function copy(to: i32, from: i32, byteCount: i32): void {
  if (byteCount > shortCopyBytes) {
    memory.copy(to, from, byteCount);
    return;
  }
  for (let at: i32 = 0; at < byteCount; at += overrunBytes) {
    v128.store(to + at, v128.load(from + at));
  }
}
