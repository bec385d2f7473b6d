import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8')

/** Without what a quotation may change: indentation, `export`, and lines that say something was left out. */
const plain = (code: string): string =>
  code
    .split('\n')
    .map((line) => line.trim().replace(/^export /, ''))
    .filter((line) => line !== '')
    .join('\n')

/** What a page keeps in the browser's files, the example keeps in memory. */
const inMemory = (code: string): string =>
  code
    .replace("{ webAdapter } from '@headwater/adapter-web'", "{ memoryAdapter } from '@headwater/adapter-node'")
    .replace('webAdapter()', 'memoryAdapter()')

const sources = readdirSync(new URL('examples/react-todos/src', folder)).map((name) =>
  plain(read(`examples/react-todos/src/${name}`)),
)

test('every line of code in the guides of React is in this example, which compiles and is tested', () => {
  for (const guide of ['docs/react.md', 'packages/react/README.md']) {
    const blocks = Array.from(read(guide).matchAll(/```tsx?(?: browser)?\n(.*?)```/gs), ([, code]) => inMemory(code!))
    expect(blocks.length, guide).toBeGreaterThan(0)
    for (const part of blocks.flatMap((block) => block.split('\n\n')))
      expect(
        sources.some((source) => source.includes(plain(part))),
        `${guide}:\n${part}`,
      ).toBe(true)
  }
})
