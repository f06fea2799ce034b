/**
 * Listings: of objects, of pages of them with or without groups, and of histories.
 *
 * What must hold: the order is that of the names' UTF-8 bytes; a name that is there all the while
 * is shown exactly once, whatever is written meanwhile; and nothing is held between two steps of
 * the caller. Each step reads a page from the index, starting behind the last name shown, so a
 * listing that nobody goes on with costs nothing, and one that takes a day blocks nobody.
 *
 * Errors: `INVALID` for options that make no sense, `ABORTED` at the next step once the signal
 * fires.
 *
 * @module
 */

import { throwIfAborted } from '../base/errors.ts';
import { listPageEntries, objectNameBytesMax } from '../base/limits.ts';
import type { Lsn, NamedVersion, NameRange, ObjectVersion } from '../engine/model.ts';
import { listEntryOf, versionEntryOf } from './attributes.ts';
import {
  checkOptionalBoolean,
  checkOptionalInteger,
  checkOptionalObject,
  checkOptionalSignal,
  checkOptionalText,
  invalidArgument,
} from './checks.ts';
import { checkObjectName } from './names.ts';
import type {
  ListEntry,
  ListOptions,
  ListPage,
  ListPageOptions,
  VersionEntry,
  VersionsOptions,
} from './options.ts';
import { decodePageToken, encodePageToken, type PagePosition } from './page-token.ts';
import { checkPermission } from './permissions.ts';
import { getBucketRecord, type Scope } from './scope.ts';
import { openTrace, traced, type TracedOperation, type TraceSubject } from './tracing.ts';

type Listed = NamedVersion<ObjectVersion> | { readonly group: string };

/** Objects one by one, in order of their names. */
export function listObjects(
  scope: Scope,
  options: ListOptions = {},
): AsyncGenerator<ListEntry, void, undefined> {
  return listed('list', scope, options, objectPages);
}

/**
 * Entries one by one, out of pages of them: the one generator between the caller and a page, as
 * every further one makes each step wait once more.
 *
 * It is one traced operation, however the caller leaves it. Nothing is looked at before the first
 * step.
 */
async function* listed<Entry, Options extends ListOptions>(
  operation: TracedOperation,
  scope: Scope,
  options: Options,
  pages: (scope: Scope, options: Options) => AsyncGenerator<Entry[], void, undefined>,
): AsyncGenerator<Entry, void, undefined> {
  checkPermission(scope, 'list');
  checkListOptions(options);
  const trace = openTrace(operation, subjectOf(scope, options));
  let observed = 0;
  let hasMore = true;
  try {
    for await (const page of pages(scope, options)) {
      for (const entry of page) {
        throwIfAborted(options.signal);
        observed++;
        yield entry;
      }
    }
    hasMore = false;
  } catch (error) {
    trace?.fail(error);
    throw error;
  } finally {
    trace?.end({ observed, hasMore });
  }
}

async function* objectPages(
  scope: Scope,
  options: ListOptions,
): AsyncGenerator<ListEntry[], void, undefined> {
  let range = rangeOf(options);
  let remaining = options.limit ?? Number.POSITIVE_INFINITY;
  while (remaining > 0) {
    throwIfAborted(options.signal);
    const limit = Math.min(remaining, listPageEntries);
    const { versioned, listed: page } = await readNames(scope, range, limit, options.signal);
    yield page.map(({ name, version }) => listEntryOf(name, version, versioned));
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    remaining -= page.length;
    range = rangeBehind(range, { kind: 'name', text: last.name });
  }
}

/** One page of objects and groups, and the token of the next. */
export async function listObjectPage(
  scope: Scope,
  options: ListPageOptions = {},
): Promise<ListPage> {
  checkPermission(scope, 'list');
  checkListOptions(options);
  checkOptionalText('delimiter', options.delimiter);
  checkOptionalInteger('pageSize', options.pageSize, { min: 1, max: listPageEntries });
  const from = options.pageToken === undefined ? undefined : decodePageToken(options.pageToken);
  const resultOf = ({ entries, prefixes, nextPageToken }: ListPage) => {
    return { observed: entries.length + prefixes.length, hasMore: nextPageToken !== undefined };
  };
  return traced('list', subjectOf(scope, options), resultOf, () => readPage(scope, options, from));
}

async function readPage(
  scope: Scope,
  options: ListPageOptions,
  from: PagePosition | undefined,
): Promise<ListPage> {
  throwIfAborted(options.signal);
  const remaining = from === undefined ? options.limit : from.remaining;
  const size = Math.min(options.pageSize ?? listPageEntries, remaining ?? listPageEntries);
  if (size <= 0) return { entries: [], prefixes: [] };
  const range = from === undefined ? rangeOf(options) : rangeBehind(rangeOf(options), from);
  // One more than is shown tells whether there is a next page.
  const { versioned, listed } = await readNames(
    scope,
    range,
    size + 1,
    options.signal,
    options.delimiter,
  );

  const shown = listed.slice(0, size);
  const last = shown.at(-1);
  const left = remaining === undefined ? undefined : remaining - shown.length;
  const hasMore = last !== undefined && listed.length > size && left !== 0;
  return {
    entries: shown
      .filter((item) => 'name' in item)
      .map(({ name, version }) => listEntryOf(name, version, versioned)),
    prefixes: shown.filter((item) => 'group' in item).map(({ group }) => group),
    ...(hasMore ? { nextPageToken: encodePageToken(positionOf(last, left)) } : {}),
  };
}

function positionOf(last: Listed, remaining: number | undefined): PagePosition {
  return {
    ...('group' in last ? { kind: 'group', text: last.group } : { kind: 'name', text: last.name }),
    ...(remaining === undefined ? {} : { remaining }),
  };
}

/** All versions, newest first within a name. */
export function listVersions(
  scope: Scope,
  options: VersionsOptions = {},
): AsyncGenerator<VersionEntry, void, undefined> {
  return listed('versions', scope, options, versionPages);
}

async function* versionPages(
  scope: Scope,
  options: VersionsOptions,
): AsyncGenerator<VersionEntry[], void, undefined> {
  if (options.name !== undefined) checkOnlyName(options);
  const range = options.name === undefined ? rangeOf(options) : rangeOfName(options.name);
  let remaining = options.limit ?? Number.POSITIVE_INFINITY;
  let after: { readonly name: string; readonly lsn: Lsn } | undefined;
  while (remaining > 0) {
    throwIfAborted(options.signal);
    const limit = Math.min(remaining, listPageEntries);
    const page = await scope.session.use(async (engine) => {
      const bucket = getBucketRecord(engine, scope);
      return bucket === undefined ? [] : engine.versions.versions(bucket.id, range, limit, after);
    }, options.signal);
    yield page.map(versionEntryOf);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) return;
    remaining -= page.length;
    after = { name: last.name, lsn: last.version.lsn };
  }
}

async function readNames(
  scope: Scope,
  range: NameRange,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly versioned: boolean; readonly listed: NamedVersion<ObjectVersion>[] }>;
async function readNames(
  scope: Scope,
  range: NameRange,
  limit: number,
  signal: AbortSignal | undefined,
  delimiter: string | undefined,
): Promise<{ readonly versioned: boolean; readonly listed: Listed[] }>;
async function readNames(
  scope: Scope,
  range: NameRange,
  limit: number,
  signal: AbortSignal | undefined,
  delimiter?: string,
): Promise<{ readonly versioned: boolean; readonly listed: Listed[] }> {
  return scope.session.use(async (engine) => {
    const bucket = getBucketRecord(engine, scope);
    if (bucket === undefined) return { versioned: false, listed: [] };
    const { id, versioned } = bucket;
    const { versions } = engine;
    const listed =
      delimiter === undefined || delimiter === ''
        ? await versions.list(id, range, limit, scope.asOf)
        : await versions.groups(id, range, delimiter, limit, scope.asOf);
    return { versioned, listed };
  }, signal);
}

function checkListOptions(options: VersionsOptions): void {
  checkOptionalObject('options', options);
  checkOptionalText('prefix', options.prefix);
  checkOptionalText('startAfter', options.startAfter);
  checkOptionalText('endBefore', options.endBefore);
  checkOptionalInteger('limit', options.limit, { min: 0 });
  checkOptionalBoolean('reverse', options.reverse);
  checkOptionalSignal('signal', options.signal);
}

function checkOnlyName({ name, prefix, startAfter, endBefore }: VersionsOptions): void {
  checkObjectName(name);
  if (prefix !== undefined || startAfter !== undefined || endBefore !== undefined) {
    throw invalidArgument('name cannot be combined with prefix, startAfter or endBefore');
  }
}

function subjectOf(scope: Scope, { name, prefix }: VersionsOptions): TraceSubject {
  return { bucket: scope.bucketName, object: name, prefix };
}

function rangeOf({ prefix, startAfter, endBefore, reverse }: ListOptions): NameRange {
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(startAfter === undefined ? {} : { startAfter }),
    ...(endBefore === undefined ? {} : { endBefore }),
    ...(reverse === undefined ? {} : { reverse }),
  };
}

/**
 * The range that holds one name: nothing lies between a name and the same with a zero byte more.
 */
export function rangeOfName(name: string): NameRange {
  return { prefix: name, endBefore: `${name}\0` };
}

/** What is left of a range behind a place. */
function rangeBehind(range: NameRange, { kind, text }: PagePosition): NameRange {
  if (range.reverse === true) return { ...range, endBefore: text };
  return { ...range, startAfter: kind === 'name' ? text : lastNameWith(text) };
}

/**
 * A text behind every name that begins with `prefix`, and before every other name behind it.
 *
 * U+10FFFF has the highest encoding there is, and four bytes; no name has room for more of them.
 */
function lastNameWith(prefix: string): string {
  return prefix + '\u{10FFFF}'.repeat(objectNameBytesMax / 4);
}
