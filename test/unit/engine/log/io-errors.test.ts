/**
 * What an error of the system becomes, whatever was thrown: each says what to do.
 */

import { describe, expect, test } from 'vitest';
import { corrupt } from '../../../../src/base/errors.ts';
import { codeOf, ioError } from '../../../../src/engine/log/io-errors.ts';

const withCode = (code: unknown): Error => Object.assign(new Error('from the system'), { code });

describe('an error of the system', () => {
  test.each([
    ['ENOSPC', 'FULL', /free some/],
    ['EDQUOT', 'FULL', /free some/],
    ['EFBIG', 'FULL', /free some/],
    ['EROFS', 'IO', /read-only/],
    ['EMFILE', 'IO', /too many files/],
    ['EACCES', 'IO', /permission/],
    ['EIO', 'IO', /look at the machine/],
  ])('%s is %s, and says what to do', (system, code, advice) => {
    const cause = withCode(system);
    const error = ioError('write to the log', cause, '/store/log');
    expect(error).toMatchObject({ code, cause });
    expect(error.message).toMatch(advice);
    expect(error.message).toContain('/store/log');
  });

  test.each([
    ['an error without a code', new Error('odd')],
    ['an error whose code is a number', withCode(5)],
    ['a text', 'thrown by somebody'],
    ['nothing', undefined],
    ['null', null],
  ])('that is %s has no code, and sends to the machine', (_, cause) => {
    expect(codeOf(cause)).toBeUndefined();
    const error = ioError('read a log file', cause);
    expect(error).toMatchObject({ code: 'IO', cause });
    expect(error.message).toMatch(/^cannot read a log file: look at the machine/);
  });

  test('that is ours already stays what it is', () => {
    const ours = corrupt('a row is damaged');
    expect(ioError('read', ours)).toBe(ours);
  });
});
