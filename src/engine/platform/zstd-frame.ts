/**
 * The header of a zstd frame (RFC 8878, 3.1.1.1), as far as a reader needs it to be safe.
 *
 * A decoder gives out what the frame declares, and sizes its memory by it. So the declaration is
 * checked against what the caller expects before the decoder sees the frame. Every frame that Varve
 * writes declares its content's size; one that does not is damaged, or none of ours.
 *
 * @module
 */

const magic = 0xfd2fb528;

/**
 * The size of the content that a frame declares; `undefined` if none, or if it is no zstd frame.
 */
export function declaredContentBytes(frame: Uint8Array): number | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 5 || view.getUint32(0, true) !== magic) return undefined;

  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const windowBytes = isSingleSegment ? 0 : 1;
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const at = 5 + windowBytes + dictionaryIdBytes;
  if (at + sizeBytes > frame.length) return undefined;

  if (sizeBytes === 1) return view.getUint8(at);
  // A size of two bytes counts from 256, as smaller ones fit in one byte.
  if (sizeBytes === 2) return view.getUint16(at, true) + 256;
  if (sizeBytes === 4) return view.getUint32(at, true);
  if (sizeBytes === 8) return Number(view.getBigUint64(at, true));
  return undefined;
}

/** Throws an `Error` unless the frame declares exactly so much content. */
export function mustDeclareContentBytes(frame: Uint8Array, contentBytes: number): void {
  const declared = declaredContentBytes(frame);
  if (declared !== contentBytes) {
    throw new Error(`zstd frame of another size: declared=${declared} expected=${contentBytes}`);
  }
}
