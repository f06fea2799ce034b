/**
 * The way in: cut → name → look up → compress → append → commit.
 *
 * One pass over the content, a few chunks in memory. Compression runs beside the cutting of what
 * follows; the order of chunks is kept by the manifest, not by when they are done.
 * Content that is at hand, and so small that it is not cut, takes a shorter way to the same bytes.
 *
 * When {@link writeObject} resolves, the version is committed with the durability asked for. When
 * it rejects, nothing of it is visible, and its leases are dropped; chunks that went to a segment
 * already are dead bytes there.
 *
 * Errors: what the source throws, unchanged; `ABORTED`; what storage throws.
 *
 * @module
 */

import { toBinaryString } from '../base/bytes.ts';
import { throwIfAborted } from '../base/errors.ts';
import type { ChunkingLimits } from '../base/limits.ts';
import { chunksOf } from './chunk/chunker.ts';
import { ManifestBuilder, type NewNode } from './chunk/manifest-tree.ts';
import type {
  Change,
  ChunkId,
  ChunkStore,
  CommitResult,
  ContentPart,
  ContentRoot,
  Durability,
  EncodedChunk,
  StagedChunks,
  VersionContent,
  VersionStore,
} from './model.ts';
import { sampled, type Deltas, type Neighbourhood, type NewChunk } from './deltas.ts';
import { looksLikeGzip } from './gzip/member-header.ts';
import type { Platform } from './platform/platform.ts';
import { PreviousContent } from './previous-content.ts';
import { StoredForm } from './stored-form.ts';

const noChildren: readonly ChunkId[] = [];

/** Chunks of one upload that are compressed or stored at the same time. */
const chunksInFlight = 4;

/** What the way in needs of the store. */
export interface WriteParts {
  readonly platform: Platform;
  readonly chunking: ChunkingLimits;
  /** Throws `FULL` where there is no room for so many bytes. */
  readonly reserve: { claim(payloadBytes: number): Promise<void> };
  readonly chunks: ChunkStore;
  readonly deltas: Deltas;
  readonly versions: VersionStore;
}

/** The put that the content is for, but for what the content decides. */
export type PutWithoutContent = Omit<Extract<Change, { kind: 'put' }>, 'sizeBytes' | 'root'>;

/** What content is for. */
export interface UploadTarget {
  readonly put: PutWithoutContent;
  /** Within which its chunks are shared. */
  readonly domain: number;
  /** Whether the version before stays. */
  readonly keepsPrevious: boolean;
}

export interface WriteOptions {
  readonly durability: Durability;
  /** Whether a gzip stream is stored inflated, if it can be made again from that. */
  readonly seeThroughGzip: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onCommitting?: (() => void) | undefined;
  readonly onProgress?: ((progress: { bytes: number; newBytes: number }) => void) | undefined;
}

/** Stores content and commits a version of it. */
export async function writeObject(
  parts: WriteParts,
  target: UploadTarget,
  body: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<CommitResult> {
  const stage = parts.chunks.stage();
  try {
    throwIfAborted(options.signal);
    await parts.reserve.claim(0);
    const stored =
      body instanceof Uint8Array && isOneChunk(parts, body, options)
        ? await stageWhole(parts, stage, target, body, options)
        : await stageStream(parts, stage, target, asStream(body), options);
    await stage.seal();
    throwIfAborted(options.signal);
    options.onCommitting?.();
    return await parts.versions.commit({ ...target.put, ...stored }, stage, options.durability);
  } finally {
    stage.release();
  }
}

/** Whether content is stored as it is, and is not cut. */
function isOneChunk(
  { chunking }: WriteParts,
  bytes: Uint8Array,
  { seeThroughGzip }: WriteOptions,
): boolean {
  return bytes.length <= chunking.minBytes && !(seeThroughGzip && looksLikeGzip(bytes));
}

async function* asStream(
  body: Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!(body instanceof Uint8Array)) yield* body;
  else if (body.length > 0) yield body;
}

/** Commits a version of content that is in the store already. Moves no content. */
export async function linkObject(
  parts: WriteParts,
  change: Extract<Change, { kind: 'put' }>,
  durability: Durability,
): Promise<CommitResult> {
  const stage = parts.chunks.stage();
  try {
    const [isThere] = await stage.has([change.root.id]);
    if (isThere !== true) return { outcome: 'conflict', reason: 'notFound' };
    await parts.reserve.claim(0);
    return await parts.versions.commit(change, stage, durability);
  } finally {
    stage.release();
  }
}

/** What is told to whoever uploads: bytes of the upload, in whatever form they are stored. */
function progressOf(
  form: StoredForm | undefined,
  { signal, onProgress }: WriteOptions,
): Pick<WriteOptions, 'signal' | 'onProgress'> {
  if (form === undefined || onProgress === undefined) return { signal, onProgress };
  return {
    signal,
    onProgress: ({ newBytes }) => {
      const bytes = form.uploadedBytes;
      onProgress({ bytes, newBytes: Math.min(bytes, newBytes) });
    },
  };
}

/** What is given, and what is there. */
interface NewContent {
  readonly body: AsyncIterable<ContentPart>;
  readonly domain: number;
  readonly previous: PreviousContent | undefined;
  /** Whether what is there stays. */
  readonly keepsPrevious: boolean;
}

/** The content that is there now. The stage keeps it: it may be replaced while it is looked at. */
async function previousOf(
  { versions, chunks }: WriteParts,
  { bucketId, name }: PutWithoutContent,
  stage: StagedChunks,
): Promise<PreviousContent | undefined> {
  const version = await versions.current(bucketId, name);
  if (version === undefined) return undefined;
  const [isThere] = await stage.has([version.root.id]);
  return isThere === true ? new PreviousContent(chunks, version) : undefined;
}

/**
 * Stages content that is one chunk, and so its own root. Most uploads are such, and what a stream
 * takes would be most of the work for them.
 */
async function stageWhole(
  parts: WriteParts,
  stage: StagedChunks,
  { put, domain, keepsPrevious }: UploadTarget,
  body: Uint8Array,
  { onProgress }: WriteOptions,
): Promise<VersionContent> {
  // What the caller does with its memory meanwhile must not change what was named.
  const bytes = new Uint8Array(body);
  const sizeBytes = bytes.length;
  const id: ChunkId = {
    domain,
    kind: 'data',
    digest: parts.platform.hashing.sha256(bytes),
  };
  const chunk = sampled({ id, bytes, children: noChildren });
  const { deltas } = parts;
  const mayBeEdited = keepsPrevious && !chunk.isCompressible;
  const previous = mayBeEdited ? await previousOf(parts, put, stage) : undefined;
  const place = async (): Promise<Neighbourhood> => {
    const there = previous ?? (await previousOf(parts, put, stage));
    return neighbourhood((await there?.near(0, sizeBytes)) ?? [], keepsPrevious);
  };
  const encode = async (): Promise<EncodedChunk> =>
    deltas.asItIs(chunk, previous !== undefined) ?? (await deltas.encode(stage, chunk, place));
  // To put what is there already does no harm: where nothing is to be saved by it, nobody looks.
  const isTried = chunk.isCompressible || previous !== undefined;
  const isThere = isTried && (await stage.has([id]))[0] === true;
  const isNew = !isThere && (await stage.put(await encode()));
  onProgress?.({ bytes: sizeBytes, newBytes: isNew ? sizeBytes : 0 });
  return { root: { id, level: 0 }, sizeBytes };
}

/** Stages content as it comes in. */
async function stageStream(
  parts: WriteParts,
  stage: StagedChunks,
  { put, domain, keepsPrevious }: UploadTarget,
  body: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<VersionContent> {
  const { platform, chunking } = parts;
  const form = options.seeThroughGzip ? new StoredForm(platform, chunking, domain) : undefined;
  const previous = await previousOf(parts, put, stage);
  const content = { body: form?.content(body) ?? body, domain, previous, keepsPrevious };
  const stored = await stageContent(parts, stage, content, progressOf(form, options));
  return form?.describe(stored) ?? stored;
}

async function stageContent(
  parts: WriteParts,
  stage: StagedChunks,
  { body, domain, previous, keepsPrevious }: NewContent,
  { signal, onProgress }: Pick<WriteOptions, 'signal' | 'onProgress'>,
): Promise<{ root: ContentRoot; sizeBytes: number }> {
  const { deltas } = parts;
  const { hashing } = parts.platform;
  const manifest = new ManifestBuilder(hashing, domain);
  const inFlight = new InFlight(chunksInFlight);
  const staging = { deltas, stage, inFlight };
  const progress = { bytes: 0, newBytes: 0 };

  const stageChunk = async (chunk: NewChunk, offset: number): Promise<void> => {
    const { id, bytes } = chunk;
    const [isThere] = await stage.has([id]);
    if (isThere === true) await previous?.found(id, offset);
    if (isThere === true || inFlight.has(id)) return;
    const put = async (encoded: EncodedChunk, payload?: 'lent'): Promise<void> => {
      if (await stage.put(encoded, payload)) progress.newBytes += bytes.length;
    };
    // The chunker only lends a chunk. One that nothing is tried with need not be kept.
    const isEdited = previous !== undefined && keepsPrevious;
    const lent = sampled(chunk);
    const asItIs = deltas.asItIs(lent, isEdited);
    if (asItIs !== undefined) {
      await put(asItIs, 'lent');
      return;
    }
    const kept = { ...lent, bytes: new Uint8Array(bytes) };
    const there = (await previous?.near(offset, bytes.length)) ?? [];
    const place = neighbourhood(there, keepsPrevious);
    await inFlight.run(id, async () =>
      put(await deltas.encode(stage, kept, () => Promise.resolve(place))),
    );
  };

  const addChunk = async (bytes: Uint8Array): Promise<void> => {
    throwIfAborted(signal);
    const id: ChunkId = { domain, kind: 'data', digest: hashing.sha256(bytes) };
    const offset = progress.bytes;
    progress.bytes += bytes.length;
    await stageChunk({ id, bytes, children: noChildren }, offset);
    const nodes = manifest.add({ id, sizeBytes: bytes.length });
    for (const node of nodes) await stageNode(staging, node);
    onProgress?.({ ...progress });
  };

  try {
    for await (const bytes of chunksOf(body, parts.chunking)) await addChunk(bytes);
    // Content of no bytes is one chunk of none, so that every version has a root.
    if (progress.bytes === 0) await addChunk(new Uint8Array(0));
    const { nodes, root, sizeBytes } = manifest.finish();
    for (const node of nodes) await stageNode(staging, node);
    await inFlight.settle();
    onProgress?.({ ...progress });
    return { root, sizeBytes };
  } finally {
    await inFlight.drain();
  }
}

/** @param there - The chunks of the version before that lie where a new one will. */
function neighbourhood(there: readonly ChunkId[], keepsPrevious: boolean): Neighbourhood {
  return keepsPrevious ? { near: there, replaced: [] } : { near: [], replaced: there };
}

/** What chunks go through on their way to a stage. */
interface Staging {
  readonly deltas: Deltas;
  readonly stage: StagedChunks;
  readonly inFlight: InFlight;
}

/** Stages a node unless it is there. */
async function stageNode({ deltas, stage, inFlight }: Staging, node: NewNode): Promise<void> {
  const [isThere] = await stage.has([node.id]);
  if (isThere === true || inFlight.has(node.id)) return;
  await inFlight.run(node.id, async () => {
    await stage.put(await deltas.encode(stage, sampled(node)));
  });
}

/** Work on chunks that has begun and is not waited for yet: bounded, and its first error kept. */
class InFlight {
  readonly #limit: number;
  readonly #running = new Map<string, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(id: ChunkId): boolean {
    return this.#running.has(keyOf(id));
  }

  /** Begins the work; resolves when more may begin. */
  async run(id: ChunkId, work: () => Promise<void>): Promise<void> {
    const key = keyOf(id);
    const running = work()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    if (this.#running.size >= this.#limit) await Promise.race(this.#running.values());
    this.#throwIfFailed();
  }

  /** Waits for all work. Throws the first error, if any. */
  async settle(): Promise<void> {
    await this.drain();
    this.#throwIfFailed();
  }

  /** Waits for all work, however it ends. */
  async drain(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function keyOf({ kind, digest }: ChunkId): string {
  return `${kind}:${toBinaryString(digest)}`;
}
