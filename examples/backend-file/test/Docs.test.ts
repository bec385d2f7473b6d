import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { SyncBackendCapability } from '@headwater/testkit'
import { expect, test } from 'vitest'
import { embedSources, page } from './EmbeddedSources.ts'

const text = readFileSync(page, 'utf8')

test('docs/write-a-backend.md shows every source file as it is', () => {
  const embedded = embedSources(text)
  expect(text, 'run: node examples/backend-file/test/EmbeddedSources.ts').toBe(embedded.text)
  const sources = readdirSync(join(import.meta.dirname, '../src')).map((name) => `examples/backend-file/src/${name}`)
  expect(embedded.files.toSorted()).toEqual([...sources, 'examples/backend-file/test/FileBackend.suite.ts'])
})

test('it links to nothing that is not there, and names every capability', () => {
  for (const [, target] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
    expect(existsSync(join(dirname(page), target ?? '')), target).toBe(true)
  }
  // A record, so that a new capability is a type error here until it is in the page.
  const capabilities: Record<SyncBackendCapability, true> = {
    restart: true,
    offline: true,
    loseAnswer: true,
    refuse: true,
    token: true,
    rateLimit: true,
    stall: true,
    silence: true,
    slowReader: true,
    replaceLog: true,
    restore: true,
  }
  for (const name of Object.keys(capabilities)) expect(text).toMatch(new RegExp(`^\\| \`${name}\` +\\| \``, 'm'))
})
