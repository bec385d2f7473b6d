/** The machine fails under the leader: it says so, goes on by itself when the machine does, and leaves nothing open. */
import { describe, expect } from 'vitest'
import { openBetterSqlite } from '../../../../adapter-node/src/BetterSqliteConnection.ts'
import { fileLeaderStorage } from '../../../../adapter-node/src/FileLeaderStorage.ts'
import { memoryBackend } from '../../../../testkit/src/MemoryBackend.ts'
import { watchedConnection } from '../../../../testkit/src/WatchedConnection.ts'
import type { LeaderStorage } from '../../../src/adapter.ts'
import { Leader } from '../../../src/leader/Leader.ts'
import { SqliteError } from '../../../src/sqlite/SqliteError.ts'
import { engineCase } from '../Case.ts'
import type { Client } from '../Client.ts'
import { shown, todoCreated, untilShown, untilSynced } from '../Todos.ts'

const failed = (reason: 'Full' | 'Corrupt' | 'ReadOnly' | 'OutOfMemory' | 'IoFailed') =>
  new SqliteError({ reason, operation: 'run', code: `SQLITE_${reason.toUpperCase()}`, detail: 'test' })

describe('a leader that cannot take over', () => {
  engineCase('leaves the eventlog closed: the next one of the process finds it free', async ({ client }) => {
    const device = client()
    const open = new Set<string>()
    const storage: LeaderStorage = {
      ...fileLeaderStorage(device.files, 'normal'),
      openEventlog: () => {
        const connection = openBetterSqlite({ path: device.files.eventlog })
        open.add('eventlog')
        const watched = watchedConnection(connection, ({ kind, sql }, run) => {
          if (kind === 'run' && sql.startsWith('UPDATE __headwater_sync_status')) throw failed('Full')
          return run()
        })
        return {
          ...watched,
          close: () => {
            open.delete('eventlog')
            connection.close()
          },
        }
      },
    }
    expect(() => new Leader({ storage, environment: device.environment })).toThrow('SQLITE_FULL')
    expect([...open]).toEqual([])
    await device.open()
  })
})

describe('a disk that is full', () => {
  engineCase(
    'while the state is made: the store that opens is told, and opens when there is room',
    async ({ client }) => {
      const device = client()
      let isFull = true
      device.onStatement = (name, sql) => {
        if (isFull && name === 'state' && sql.startsWith('INSERT INTO __headwater_state_head')) throw failed('Full')
      }
      const told = Promise.withResolvers<string>()
      const opening = device.open({
        onStatus: ({ backend: { error } }) => {
          if (error !== null) told.resolve(error.tag)
        },
      })
      expect(await told.promise).toBe('SqliteError')
      isFull = false
      const store = await opening
      await store.until(({ backend }) => backend.error === null)
    },
  )

  engineCase('is no longer told of by a local store once there is room', async ({ client }) => {
    const device = client()
    const store = await device.open()
    let isFull = true
    device.onStatement = (name, sql) => {
      if (isFull && name === 'eventlog' && sql.startsWith('INSERT INTO eventlog')) throw failed('Full')
    }
    const { persisted } = store.commit(todoCreated({ id: '1', text: 'a' }))
    await store.until(({ backend }) => backend.error?.tag === 'SqliteError')
    isFull = false
    await persisted
    await store.until(({ backend }) => backend.error === null)
  })

  engineCase('while a corrupt log is salvaged: told, and salvaged when there is room', async ({ client }) => {
    const backend = memoryBackend()
    const device = client({ backend })
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    await untilSynced(store, 1)
    const machine = { isCorrupt: true, isFull: true }
    device.onStatement = (name, sql) => {
      if (name !== 'eventlog') return
      if (machine.isCorrupt && sql.startsWith('INSERT INTO eventlog')) {
        machine.isCorrupt = false
        throw failed('Corrupt')
      }
      if (!machine.isCorrupt && machine.isFull && sql.startsWith('UPDATE __headwater_sync_status')) throw failed('Full')
    }
    const { confirmed } = store.commit(todoCreated({ id: '2', text: 'b' }))
    await store.until(({ backend: { error } }) => error?.tag === 'SqliteError')
    expect(shown(store)).toBe('1:a 2:b')
    machine.isFull = false
    await confirmed
    await untilSynced(store, 2)
    const other = await client({ backend }).open()
    await untilShown(other, '1:a 2:b')
  })

  engineCase('while a corrupt log is salvaged, and everybody leaves: the leader ends', async ({ client }) => {
    const device = client()
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    let isCorrupt = true
    device.onStatement = (name, sql) => {
      if (name !== 'eventlog') return
      if (sql.startsWith('INSERT INTO eventlog') && isCorrupt) {
        isCorrupt = false
        throw failed('Corrupt')
      }
      if (!isCorrupt && sql.startsWith('UPDATE __headwater_sync_status')) throw failed('Full')
    }
    store.commit(todoCreated({ id: '2', text: 'b' }))
    await store.until(({ backend: { error } }) => error?.tag === 'SqliteError')
    const { running } = device
    await store.wipe()
    await expect.poll(() => running.isEnded).toBe(true)
  })
})

describe("a session's database that cannot be read", () => {
  engineCase('when it tells a new leader what it has: it tries again and goes on', async ({ client }) => {
    const device = client()
    const machine = { failures: 0 }
    const store = await device.open({
      watchDatabase: (connection) =>
        watchedConnection(connection, ({ kind, sql }, run) => {
          const isTold = kind === 'all' && sql.includes('FROM __headwater_session_changeset')
          if (isTold && machine.failures > 0) {
            machine.failures--
            throw failed('Full')
          }
          return run()
        }),
    })
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    await device.kill()
    machine.failures = 2
    device.startLeader()
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    expect([shown(store), machine.failures]).toEqual(['1:a 2:b', 0])
  })
  engineCase('when it drops what has settled: the receipt is told all the same', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const machine = { failures: 0 }
    const store = await device.open({
      watchDatabase: (connection) =>
        watchedConnection(connection, ({ sql }, run) => {
          if (machine.failures > 0 && /^DELETE FROM __headwater_session_changeset\s+WHERE .*<=/su.test(sql)) {
            machine.failures--
            throw failed('Full')
          }
          return run()
        }),
    })
    machine.failures = 1
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    expect(machine.failures).toBe(0)
  })
})

describe("a session's database that cannot be written", () => {
  engineCase('nor one made anew: the app is told, and it goes on once it can', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const machine = { isReadOnly: false }
    const store = await device.open({
      watchDatabase: (connection) =>
        watchedConnection(connection, ({ sql }, run) => {
          if (machine.isReadOnly && /^\s*(INSERT|DROP)/u.test(sql)) throw failed('ReadOnly')
          return run()
        }),
    })
    const told = Promise.withResolvers<unknown>()
    store.onNotice((notice) => notice._tag === 'failure' && told.resolve(notice.error))
    const other = await device.open()
    machine.isReadOnly = true
    await other.commit(todoCreated({ id: '1', text: 'a' })).persisted
    expect(await told.promise).toMatchObject({ reason: 'ReadOnly' })
    machine.isReadOnly = false
    await untilShown(store, '1:a')
  })
})

describe('a leader whose COMMIT has failed', () => {
  for (const isStored of [false, true]) {
    /** From the failure on, what is asked of the eventlog. */
    const failNextCommit = (device: Client, onFailed: () => void): ReadonlyArray<string> => {
      const statements: Array<string> = []
      let hasFailed = false
      const fail = (): never => {
        hasFailed = true
        onFailed()
        throw failed('IoFailed')
      }
      device.onStatement = (name, sql) => {
        if (name !== 'eventlog') return
        if (hasFailed) statements.push(sql)
        else if (sql === 'COMMIT' && !isStored) fail()
      }
      device.onCommitted = (name) => {
        if (name === 'eventlog' && !hasFailed && isStored) fail()
      }
      return statements
    }
    const isFirst = (statements: ReadonlyArray<string>, one: RegExp, other: RegExp): boolean => {
      const first = statements.find((sql) => one.test(sql) || other.test(sql))
      return first !== undefined && one.test(first)
    }
    const rewritesStatus = /^UPDATE __headwater_sync_status/u
    const insertsEvent = /^INSERT INTO eventlog/u
    const outcome = isStored ? 'and has taken effect' : 'without effect'

    engineCase(`${outcome}: another session's push waits until the log is read again`, async ({ client }) => {
      // Late enough that the push is there before.
      const device = client({ jitter: 0.9 })
      const [store, other] = [await device.open(), await device.open()]
      let second: { readonly persisted: Promise<unknown> } | undefined
      const statements = failNextCommit(device, () => {
        queueMicrotask(() => (second = other.commit(todoCreated({ id: '2', text: 'b' }))))
      })
      await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
      await second!.persisted
      expect(isFirst(statements, rewritesStatus, insertsEvent)).toBe(true)
      await untilShown(store, '1:a 2:b')
      expect(shown(other)).toBe('1:a 2:b')
    })

    engineCase(`${outcome}: a page of the backend waits until the log is read again`, async ({ client }) => {
      const backend = memoryBackend()
      const elsewhere = await client({ backend }).open()
      const device = client({ backend, jitter: 0.9 })
      const store = await device.open()
      await store.until(({ backend: { isCaughtUp } }) => isCaughtUp)
      const statements = failNextCommit(device, () => {
        queueMicrotask(() => elsewhere.commit(todoCreated({ id: '1', text: 'theirs' })))
      })
      await store.commit(todoCreated({ id: '2', text: 'mine' })).confirmed
      await untilSynced(store, 2)
      expect(isFirst(statements, rewritesStatus, insertsEvent)).toBe(true)
      expect(shown(store)).toBe('1:theirs 2:mine')
    })
  }

  engineCase('and that then finds the log damaged: it goes on with what was salvaged', async ({ client }) => {
    const device = client()
    const store = await device.open()
    await store.commit(todoCreated({ id: '1', text: 'a' })).persisted
    let step: 'commit' | 'reload' | 'done' = 'commit'
    device.onStatement = (name, sql) => {
      if (name !== 'eventlog') return
      if (step === 'commit' && sql === 'COMMIT') {
        step = 'reload'
        throw failed('IoFailed')
      }
      if (step === 'reload' && sql.startsWith('UPDATE __headwater_sync_status')) {
        step = 'done'
        throw failed('Corrupt')
      }
    }
    await store.commit(todoCreated({ id: '2', text: 'b' })).persisted
    await store.commit(todoCreated({ id: '3', text: 'c' })).persisted
    expect([shown(store), step]).toEqual(['1:a 2:b 3:c', 'done'])
  })
})

describe('a leader that cannot answer', () => {
  engineCase('where an event is: the receipt asks again, although nothing else happens', async ({ client }) => {
    const device = client({ backend: memoryBackend() })
    const store = await device.open()
    const machine = { failures: 2 }
    device.onStatement = (name, sql) => {
      if (name !== 'eventlog' || machine.failures === 0 || !/FROM eventlog WHERE eventId = /u.test(sql)) return
      machine.failures--
      throw failed('Full')
    }
    await store.commit(todoCreated({ id: '1', text: 'a' })).confirmed
    expect(machine.failures).toBe(0)
  })
})
