import { readFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '@headwater/checks/workspace/Workspace'
import { expect, test } from 'vitest'
import { diagrams } from '../src/diagrams/Diagrams.ts'

test.each(Object.entries(diagrams))('docs/concepts/%s is what its source draws', (file, text) => {
  const kept = readFileSync(path.join(workspaceRoot, 'docs/concepts', file), 'utf8')
  expect(kept, 'run: node apps/docs/src/diagrams/main.ts').toBe(text)
})
