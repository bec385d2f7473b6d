import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SyncBackendCapability } from '@headwater/testkit'
import { expect, test } from 'vitest'
import { embedSources, readPage } from '../../../checks/src/docs/EmbeddedSources.ts'

const text = readPage('docs/write-a-backend.md')

test('docs/write-a-backend.md shows every source file', () => {
  const embedded = embedSources(text)
  const sources = readdirSync(join(import.meta.dirname, '../src')).map((name) => `examples/backend-file/src/${name}`)
  expect(embedded.files.toSorted()).toEqual([...sources, 'examples/backend-file/test/FileBackend.suite.ts'])
})

test('it links to nothing that is not there, and names every capability', () => {
  for (const [, target] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
    expect(existsSync(join(import.meta.dirname, '../../../docs', target ?? '')), target).toBe(true)
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
