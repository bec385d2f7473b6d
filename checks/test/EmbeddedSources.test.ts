import { expect, test } from 'vitest'
import { embeddingPages, embedSources, isSamePage, readPage } from '../src/docs/EmbeddedSources.ts'

test.each(embeddingPages())('%s shows every part of the source as it is', (page) => {
  const text = readPage(page)
  const filled = embedSources(text).text
  if (!isSamePage(text, filled)) expect(text, 'run: pnpm docs:embed, then pnpm format').toBe(filled)
})

test('a page that says something else is found', () => {
  const page = (body: string): string =>
    `<!-- head of packages/core/src/sqlite/Changeset.ts -->\n\n${body}\n\n<!-- end of packages/core/src/sqlite/Changeset.ts -->\n`
  const { text } = embedSources(page('old'))
  expect(text).toContain('A changeset: the row changes of one event as bytes.')
  expect(isSamePage(page('old'), text)).toBe(false)
  expect(isSamePage(text.replaceAll(' | ', '   | '), text)).toBe(true)
  expect(isSamePage(text.replace('format: 1', 'format: 2'), text)).toBe(false)
})
