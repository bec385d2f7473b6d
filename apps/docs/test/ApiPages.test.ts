/** The API reference shows what is exported as somebody may read it. `docs:check` holds its names to the release's snapshots. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { declarationsOf, moduleText } from '../src/api/Declarations.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'headwater-api-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = (file: string, text: string): string => {
  writeFileSync(path.join(folder, file), text)
  return path.join(folder, file)
}

write(
  'Store.d.ts',
  `declare const Wrong_base: new <A>(args: A) => Error;
/**
 * Was wrong. See {@link Store}.
 *
 * **Source**  spec section 8.
 */
export declare class Wrong extends Wrong_base<{
    readonly at: number;
}> {
    get message(): string;
}
/** What an app holds. */
export declare class Store {
    #private;
    /** The answer. */
    query<A>(query: () => A): A;
    /** @internal Use something else. */
    get inner(): string;
}
export declare const open: (name: string) => Store;
export type Name = 'a' | {
    readonly b: string;
};
`,
)
const entry = write(
  'index.d.ts',
  `/** All of it. */
export * as Schema from 'effect/Schema';
export { Store, open as openStore } from './Store.ts';
export type { Name } from './Store.ts';
export { Wrong } from './Store.ts';
`,
)

test('declarations with their docblocks, without what is internal', () => {
  expect(moduleText(entry)).toBe('All of it.')
  expect(declarationsOf(entry).map(({ name, kind, docblock, text }) => [name, kind, docblock, text])).toEqual([
    ['Name', 'type', '', "type Name = 'a' | {\n  readonly b: string\n}"],
    ['openStore', 'function', '', 'const openStore: (name: string) => Store'],
    ['Schema', 'function', 'The module `effect/Schema`.', ''],
    ['Store', 'class', 'What an app holds.', 'class Store {\n  /** The answer. */\n  query<A>(query: () => A): A\n}'],
    [
      'Wrong',
      'error',
      'Was wrong. See `Store`.',
      'class Wrong extends TaggedError<{\n  readonly at: number\n}> {\n  get message(): string\n}',
    ],
  ])
})
