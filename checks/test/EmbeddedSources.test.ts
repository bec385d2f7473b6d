import { expect, test } from 'vitest'
import { embeddingPages, embedSources, readPage } from '../src/docs/EmbeddedSources.ts'

test.each(embeddingPages())('%s shows every file as it is', (page) => {
  const text = readPage(page)
  expect(text, 'run: pnpm docs:embed').toBe(embedSources(text).text)
})
