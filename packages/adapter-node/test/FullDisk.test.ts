/** Disks that are full, in processes of their own: a file-size limit, and a file system of four megabytes where that can be mounted. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { actorProcess } from './Actor.ts'
import { afterThis, openStore, temporaryFolder } from './Folder.ts'
import { todos } from './Todos.ts'

test.skipIf(process.platform === 'win32')(
  'files that may not grow: a typed error, commits stay in memory, what was persisted is there',
  { timeout: 30_000 },
  async () => {
    const directory = temporaryFolder()
    const limited = join(temporaryFolder(), 'node')
    // 512-byte blocks: 256 kB. Node ignores the signal, so writes fail with EFBIG.
    writeFileSync(limited, `#!/bin/sh\nulimit -f 512\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 })
    const actor = actorProcess({ execPath: limited })
    afterThis(() => actor.kill())
    for (const leader of ['same-thread', 'worker'] as const) {
      await actor.call('open', { directory, storeId: leader, leader })
      await actor.call('commit', ['1', '2'])
      await actor.call('commitBig', { count: 40, bytes: 50_000 })
      expect(await actor.call('untilError', null)).toMatch(/SqliteError: SQLite .* failed/u)
      // Everything is still shown, and another commit is taken.
      await actor.call('commitOnly', ['3'])
      expect(await actor.call('ids', null)).toHaveLength(43)
    }
    await actor.kill()
    for (const leader of ['same-thread', 'worker'] as const) {
      const store = await openStore({ directory, storeId: leader })
      const ids = store.query(todos.orderBy('id')).map(({ id }) => id)
      expect(ids.filter((id) => !id.startsWith('big'))).toEqual(expect.arrayContaining(['1', '2']))
      expect(store.quarantined.list()).toEqual([])
    }
  },
)

/** A file system of its own, or `undefined` where one may not be mounted. */
const smallFileSystem = (): string | undefined => {
  const folder = join(temporaryFolder(), 'small')
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  afterThis(() => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }))
  return folder
}

test(
  'a full disk: told at once, and everything is written when there is room again',
  { timeout: 60_000 },
  async (context) => {
    const directory = smallFileSystem()
    if (directory === undefined) return context.skip('no file system may be mounted here')
    const ballast = join(directory, 'ballast')
    writeFileSync(ballast, Buffer.alloc(3_500_000))
    const actor = actorProcess()
    afterThis(() => actor.kill())
    await actor.call('open', { directory, storeId: 'demo' })
    await actor.call('commit', ['1'])
    await actor.call('commitBig', { count: 10, bytes: 60_000 })
    expect(await actor.call('untilError', null)).toContain('SQLITE_FULL')
    await actor.call('commitOnly', ['2'])
    rmSync(ballast)
    await actor.call('untilPersisted', null)
    await actor.call('close', null)
    await actor.ended
    const store = await openStore({ directory })
    expect(store.query(todos.count())).toBe(12)
    expect(store.quarantined.list()).toEqual([])
    await store.close()
  },
)
