/**
 * Three names that the published declarations of `encore.dev` use and forget to declare.
 *
 * Without them its types do not compile, and ours could not be compared with them.
 *
 * @module
 */

declare global {
  type APICallData = Record<string, unknown>;
  type APIDesc = Record<string, unknown>;
  type PVals = Record<string, unknown>;
}

export {};
