/** A project is there as a whole or not at all. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProjectFolder } from '../src/ProjectFolder.ts'

let parent = ''
beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'create-headwater-folder-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

const writeHalf = (draft: string): void => {
  writeFileSync(path.join(draft, 'first'), '')
  throw new Error('ENOSPC: no space left on device')
}

test('what fails in the middle leaves nothing, not even the folders above', () => {
  expect(() => makeProjectFolder(path.join(parent, 'a/b/app'), writeHalf)).toThrow(/ENOSPC/)
  expect(readdirSync(parent)).toEqual([])
})

test('an empty folder that was there stays, empty', () => {
  mkdirSync(path.join(parent, 'app'))
  expect(() => makeProjectFolder(path.join(parent, 'app'), writeHalf)).toThrow(/ENOSPC/)
  expect(readdirSync(parent)).toEqual(['app'])
  expect(readdirSync(path.join(parent, 'app'))).toEqual([])
})

test('nobody sees it before it is whole', () => {
  const app = path.join(parent, 'app')
  makeProjectFolder(app, (draft) => {
    writeFileSync(path.join(draft, 'first'), '1')
    expect(existsSync(app)).toBe(false)
  })
  expect(readFileSync(path.join(app, 'first'), 'utf8')).toBe('1')
  expect(readdirSync(parent)).toEqual(['app'])
})

test('who was quicker keeps the folder', () => {
  const app = path.join(parent, 'app')
  const race = (draft: string): void => {
    writeFileSync(path.join(draft, 'first'), 'late')
    mkdirSync(app)
    writeFileSync(path.join(app, 'first'), 'early')
  }
  expect(() => makeProjectFolder(app, race)).toThrow()
  expect(readFileSync(path.join(app, 'first'), 'utf8')).toBe('early')
  expect(readdirSync(parent)).toEqual(['app'])
})
