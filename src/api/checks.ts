/**
 * What every method asks of its arguments before it does anything.
 *
 * Two kinds of refusal, kept apart on purpose. A value of the wrong *type* is a bug in the caller
 * and throws `TypeError`, with the argument's name and what was got. A well-typed value that is not
 * allowed throws `InvalidArgument`. TypeScript finds most of the first kind; these checks are for
 * callers that write JavaScript, and for values that come from JSON.
 *
 * An option that is `undefined` counts as absent.
 *
 * @module
 */

import { describe, InvalidArgument } from '../base/errors.ts';

/** An `InvalidArgument` that says what is wrong, with the values at the end. */
export function invalidArgument(
  reason: string,
  values: Readonly<Record<string, unknown>> = {},
): InvalidArgument {
  const details = describe(values);
  return new InvalidArgument(`invalid argument: ${reason}${details === '' ? '' : `: ${details}`}`);
}

/** A `TypeError` that names the argument, and says what was wanted and what was got. */
export function wrongType(argument: string, wanted: string, got: unknown): TypeError {
  return new TypeError(`${argument} must be ${wanted}, but is ${nameOfType(got)}`);
}

/** Throws unless `value` is a string. */
export function checkString(argument: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(argument, 'a string', value);
}

/** Throws unless `value` is a string without lone surrogates, which UTF-8 cannot express. */
export function checkText(argument: string, value: unknown): asserts value is string {
  checkString(argument, value);
  if (loneSurrogate.test(value)) {
    throw invalidArgument(`${argument} holds half of a surrogate pair`, { [argument]: value });
  }
}

/** Throws unless `value` is absent or a well-formed string. */
export function checkOptionalText(argument: string, value: unknown): void {
  if (value !== undefined) checkText(argument, value);
}

/** Throws unless `value` is absent or a boolean. */
export function checkOptionalBoolean(argument: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw wrongType(argument, 'a boolean', value);
  }
}

/** Throws unless `value` is absent or a function. */
export function checkOptionalFunction(argument: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') {
    throw wrongType(argument, 'a function', value);
  }
}

/** Throws unless `value` is absent or a whole number from `min` to `max`. */
export function checkOptionalInteger(
  argument: string,
  value: unknown,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): void {
  if (value === undefined) return;
  if (typeof value !== 'number') throw wrongType(argument, 'a number', value);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw invalidArgument(`${argument} must be a whole number from ${min} to ${max}`, {
      [argument]: String(value),
    });
  }
}

/** Throws unless `value` is a date from 1970 on. */
export function checkDate(argument: string, value: unknown): asserts value is Date {
  if (!(value instanceof Date)) throw wrongType(argument, 'a Date', value);
  if (!(value.getTime() >= 0)) {
    throw invalidArgument(`${argument} must be a date from 1970 on`, { [argument]: String(value) });
  }
}

/** Throws unless `value` is absent or a number above 0, and at most `max`. */
export function checkOptionalPositive(argument: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (typeof value !== 'number') throw wrongType(argument, 'a number', value);
  if (!(value > 0 && value <= max)) {
    throw invalidArgument(`${argument} must be above 0, and at most ${max}`, {
      [argument]: String(value),
    });
  }
}

/** Throws unless `value` is absent or an `AbortSignal`. */
export function checkOptionalSignal(argument: string, value: unknown): void {
  if (value === undefined) return;
  // By shape and not by class: a polyfill and another realm have classes of their own.
  const shape = value as Partial<AbortSignal> | null;
  if (typeof shape?.aborted !== 'boolean' || typeof shape.addEventListener !== 'function') {
    throw wrongType(argument, 'an AbortSignal', value);
  }
}

/** Throws unless `value` is an object. */
export function checkObject(argument: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongType(argument, 'an object', value);
}

/** Throws unless `value` is absent or an object: a bag of options. */
export function checkOptionalObject(argument: string, value: unknown): void {
  if (value !== undefined) checkObject(argument, value);
}

/** With the `u` flag a surrogate matches only where it is not part of a pair. */
const loneSurrogate = /\p{Surrogate}/u;

function nameOfType(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  // An object may come without a prototype, and so without a constructor.
  const { constructor: maker } = value as { readonly constructor?: { readonly name?: unknown } };
  return typeof maker?.name === 'string' ? `a ${maker.name}` : 'an object';
}
