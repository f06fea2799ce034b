/**
 * Reading one object: what it is, whether it is there, and its content, whole or as a stream.
 *
 * What must hold: callers get bytes that were checked against their names, all of them or an error,
 * and own what they get. A stream reads when it is read from and not before; cancelling it, or
 * leaving it alone, holds nothing up.
 *
 * Errors: `NOT_FOUND`, `INVALID` for a range outside the object, `CORRUPT`, `IO`, `ABORTED`,
 * `CLOSED`; `PERMISSION`. A stream that is asked for wrongly throws at once; what goes wrong later
 * arrives when it is read.
 *
 * @module
 */

import { constants } from 'node:buffer';
import { throwIfAborted } from '../base/errors.ts';
import { attrsOf } from './attributes.ts';
import {
  checkOptionalObject,
  checkOptionalSignal,
  checkOptionalText,
  invalidArgument,
} from './checks.ts';
import { checkObjectName } from './names.ts';
import type { DownloadOptions, ObjectAttrs, VersionOptions } from './options.ts';
import { checkPermission } from './permissions.ts';
import { checkRange, resolveRange } from './range.ts';
import { getObject, mustGetObject, type Scope } from './scope.ts';
import { openTrace, traced, type TraceSubject } from './tracing.ts';

/** What an object is. */
export async function readAttrs(
  scope: Scope,
  name: string,
  options: VersionOptions = {},
): Promise<ObjectAttrs> {
  checkPermission(scope, 'attrs');
  checkVersionOptions(name, options);
  const resultOf = ({ size, version, etag, contentType }: ObjectAttrs) => {
    return { size, version, etag, contentType };
  };
  return traced('attrs', subjectOf(scope, name, options), resultOf, () =>
    scope.session.use(async (engine) => {
      const { bucket, version } = await mustGetObject(engine, scope, name, options.version);
      return attrsOf(name, version, bucket.versioned);
    }),
  );
}

/** Whether an object is there. */
export async function readExists(
  scope: Scope,
  name: string,
  options: VersionOptions = {},
): Promise<boolean> {
  checkPermission(scope, 'attrs');
  checkVersionOptions(name, options);
  const resultOf = (exists: boolean) => ({ exists });
  return traced('exists', subjectOf(scope, name, options), resultOf, () =>
    scope.session.use(async (engine) => {
      return (await getObject(engine, scope, name, options.version)) !== undefined;
    }),
  );
}

/** Content, whole. */
export async function readContent(
  scope: Scope,
  name: string,
  options: DownloadOptions = {},
): Promise<Buffer> {
  checkPermission(scope, 'read');
  checkDownloadOptions(name, options);
  const resultOf = (content: Buffer) => ({ size: content.length });
  return traced('download', subjectOf(scope, name, options), resultOf, () =>
    scope.session.use(async (engine) => {
      throwIfAborted(options.signal);
      const { version } = await mustGetObject(engine, scope, name, options.version);
      const range = resolveRange(options.range, version.sizeBytes);
      const content = allocate(range.end - range.start);
      await engine.readInto(version, range, content, options.signal);
      return content;
    }, options.signal),
  );
}

/** Content, as a stream. */
export function streamContent(
  scope: Scope,
  name: string,
  options: DownloadOptions = {},
): ReadableStream<Uint8Array> {
  checkPermission(scope, 'read');
  checkDownloadOptions(name, options);
  const chunks = tracedChunks(scope, name, options);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await chunks.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    // Nothing is read ahead: a stream that is made and never read costs nothing.
    { highWaterMark: 0 },
  );
}

async function* tracedChunks(
  scope: Scope,
  name: string,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const trace = openTrace('download', subjectOf(scope, name, options));
  let size = 0;
  try {
    for await (const bytes of chunksOf(scope, name, options)) {
      size += bytes.length;
      yield bytes;
    }
  } catch (error) {
    trace?.fail(error);
    throw error;
  } finally {
    trace?.end({ size });
  }
}

async function* chunksOf(
  scope: Scope,
  name: string,
  options: DownloadOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { session } = scope;
  const chunks = await session.use(async (engine) => {
    throwIfAborted(options.signal);
    const { version } = await mustGetObject(engine, scope, name, options.version);
    const range = resolveRange(options.range, version.sizeBytes);
    return engine.read(version, range, options.signal);
  }, options.signal);
  try {
    for (;;) {
      const step = await session.use(() => chunks.next(), options.signal);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    const ending = chunks.return(undefined);
    // After an abort it has ended, or is stuck with its disk: there is nothing to wait for.
    if (options.signal?.aborted === true) ending.catch(() => undefined);
    else await ending;
  }
}

/** Memory for a whole content. It is not cleared first: the caller fills all of it or throws. */
function allocate(byteCount: number): Buffer {
  if (byteCount > constants.MAX_LENGTH) {
    throw invalidArgument('the content is too long for one buffer: use a range or downloadStream', {
      size: byteCount,
      max: constants.MAX_LENGTH,
    });
  }
  return Buffer.allocUnsafeSlow(byteCount);
}

/** Throws unless an object may have this name and the options are what they should be. */
export function checkVersionOptions(name: string, options: VersionOptions): void {
  checkObjectName(name);
  checkOptionalObject('options', options);
  checkOptionalText('version', options.version);
}

function checkDownloadOptions(name: string, options: DownloadOptions): void {
  checkVersionOptions(name, options);
  checkRange(options.range);
  checkOptionalSignal('signal', options.signal);
}

function subjectOf(scope: Scope, object: string, { version }: VersionOptions): TraceSubject {
  return { bucket: scope.bucketName, object, version };
}
