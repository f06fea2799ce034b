/**
 * The form in which one upload is stored, where gzip is seen through: another content, and how the
 * upload comes out of it.
 *
 * The etag names the upload and not what is stored, so the chunks and the tree that the upload
 * would have had are named here as well, and not kept. That is what lets a bucket that sees through
 * gzip and one that does not agree about what they hold.
 *
 * @module
 */

import type { ChunkingLimits } from '../base/limits.ts';
import { Cutter } from './chunk/chunker.ts';
import { ManifestBuilder } from './chunk/manifest-tree.ts';
import { encodeRecipe } from './gzip/recipe.ts';
import { SeeThrough, seeThroughLimits } from './gzip/see-through.ts';
import type { ContentPart, ContentRoot, SeenThrough, VersionContent } from './model.ts';
import type { Hashing, Platform } from './platform/platform.ts';

export class StoredForm {
  readonly #hashing: Hashing;
  readonly #uploadRoot: UploadRoot;
  readonly #seeThrough: SeeThrough;

  constructor(
    { hashing, clock }: Pick<Platform, 'hashing' | 'clock'>,
    chunking: ChunkingLimits,
    domain: number,
  ) {
    const uploadRoot = new UploadRoot(hashing, chunking, domain);
    this.#hashing = hashing;
    this.#uploadRoot = uploadRoot;
    this.#seeThrough = new SeeThrough({
      hashing,
      clock,
      fileBytesMin: chunking.minBytes,
      onUploaded: (bytes) => {
        uploadRoot.add(bytes);
      },
      limits: seeThroughLimits,
    });
  }

  /** What to store. */
  content(body: AsyncIterable<Uint8Array>): AsyncIterable<ContentPart> {
    return this.#seeThrough.content(body);
  }

  /** How much of the upload is in what was given on so far. */
  get uploadedBytes(): number {
    return this.#seeThrough.uploadedBytes;
  }

  /** What the version is made of, once all was stored: `stored`, and how the upload comes out. */
  describe(stored: { readonly root: ContentRoot; readonly sizeBytes: number }): VersionContent {
    const { recipe } = this.#seeThrough;
    if (recipe === undefined) return stored;
    const seenThrough: SeenThrough = {
      contentBytes: stored.sizeBytes,
      uploadRoot: this.#uploadRoot.finish(),
      recipe: encodeRecipe(this.#hashing, recipe),
    };
    return { root: stored.root, sizeBytes: this.uploadedBytes, seenThrough };
  }
}

/** The root of content that is not stored. */
class UploadRoot {
  readonly #hashing: Hashing;
  readonly #cutter: Cutter;
  readonly #manifest: ManifestBuilder;
  readonly #domain: number;

  constructor(hashing: Hashing, chunking: ChunkingLimits, domain: number) {
    this.#hashing = hashing;
    this.#cutter = new Cutter(chunking);
    this.#manifest = new ManifestBuilder(hashing, domain);
    this.#domain = domain;
  }

  add(bytes: Uint8Array): void {
    for (const chunk of this.#cutter.cut(bytes)) this.#addChunk(chunk);
  }

  /** Of all that was added, which is something. */
  finish(): ContentRoot {
    for (const chunk of this.#cutter.end()) this.#addChunk(chunk);
    return this.#manifest.finish().root;
  }

  #addChunk(bytes: Uint8Array): void {
    const id = { domain: this.#domain, kind: 'data', digest: this.#hashing.sha256(bytes) } as const;
    this.#manifest.add({ id, sizeBytes: bytes.length });
  }
}
