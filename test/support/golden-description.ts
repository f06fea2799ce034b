/**
 * What a golden store holds, as a value that can be committed beside it.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { Engine } from '../../src/engine/engine.ts';
import { etagOf } from '../../src/engine/etag.ts';
import type { BucketRecord, Totals } from '../../src/engine/model.ts';
import { contentOf } from './test-engine.ts';

/** Everything that must be found, but for how it is stored. */
export interface GoldenDescription {
  readonly buckets: readonly BucketRecord[];
  readonly totals: Totals;
  readonly versions: readonly object[];
}

/** Describes a store: each version with the hash of its content. */
export async function describeGolden(engine: Engine): Promise<GoldenDescription> {
  const versions: object[] = [];
  for (const bucket of engine.buckets()) {
    for (const entry of await engine.versions.versions(bucket.id, {}, 10_000)) {
      const { name, version, isLatest } = entry;
      const { lsn, timeMs } = version;
      const line = { bucket: bucket.name, name, lsn, timeMs, isLatest };
      if (version.kind === 'deleteMarker') {
        versions.push({ ...line, deleteMarker: true });
        continue;
      }
      const { sizeBytes, contentType, metadata, lockedUntilMs } = version;
      const content = createHash('sha256').update(await contentOf(engine, version));
      versions.push({
        ...line,
        sizeBytes,
        etag: etagOf(version),
        content: content.digest('hex'),
        ...(contentType === undefined ? {} : { contentType }),
        ...(lockedUntilMs === undefined ? {} : { lockedUntilMs }),
        ...(metadata === undefined ? {} : { metadata: Object.entries(metadata) }),
      });
    }
  }
  return { buckets: engine.buckets(), totals: await engine.totals(), versions };
}
