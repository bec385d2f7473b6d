/** What the file survives: kills in the middle of writes, a last line torn anywhere, a second process. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { BackendPosition } from '@headwater/core/backend'
import { fileBackend } from '@headwater/example-backend-file'
import * as Effect from 'effect/Effect'
import { FileLog } from '../src/FileLog.ts'
import { batchAfter, batchEvents } from './Batches.ts'

const temporaryFolder = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'headwater-file-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const seed = Number(process.env['HEADWATER_SEED'] ?? Math.floor(Math.random() * 1e9))
let state = seed
/** In [0, below); good enough to choose when to kill. */
const integer = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const withoutMarks = (file: Buffer): string => file.toString().replaceAll(/"mark":"[^"]+",/g, '')

/** Runs a pusher until it has told `heads` of them, kills it, and gives everything it told. */
const pushUntilKilled = (folder: string, heads: number): Promise<Array<string>> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'PushUntilKilled.ts'), folder])
    let told = ''
    let complaint = ''
    child.stdout.on('data', (text: Buffer) => {
      told += text.toString()
      if (told.split('\n').length > heads) child.kill('SIGKILL')
    })
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()))
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(complaint))
      resolve(told.split('\n').slice(0, -1))
    })
  })

void test('kill -9 while pushing: everything acknowledged is there, in whole batches', async (context) => {
  const folder = temporaryFolder(context)
  const told: Array<string> = []
  let lost = 0
  const kills = Number(process.env['HEADWATER_KILLS'] ?? 10)
  for (let kill = 0; kill < kills; kill += 1) {
    told.push(...(await pushUntilKilled(folder, 1 + integer(60))))
    const log = new FileLog(join(folder, 'store-crash.jsonl'))
    const heads = new Set(log.events.map(({ global, id }) => `${global} ${id}`))
    lost += told.filter((head) => !heads.has(head)).length
    assert.equal(lost, 0, `again: HEADWATER_SEED=${seed}`)
    assert.equal(log.events.length % batchEvents, 0)
    log.events.forEach((event, index) => assert.equal(event.global, index + 1))
    log.close()
  }
  console.log(`PROOF file_kills=${kills} seed=${seed} acknowledged_batches=${told.length} lost=${lost}`)
})

void test('a last line torn anywhere is cut off, and the log goes on behind the batch before', (context) => {
  const path = join(temporaryFolder(context), 'store-torn.jsonl')
  const log = new FileLog(path)
  const first = batchAfter({ global: 0, eventId: null }, 'client-a')
  log.append(first)
  const whole = readFileSync(path)
  const position: BackendPosition = { global: batchEvents, eventId: first.at(-1)!.id }
  const second = batchAfter(position, 'client-a')
  log.append(second)
  log.close()
  const line = readFileSync(path).subarray(whole.length)
  let cuts = 0
  for (let cut = 0; cut < line.length; cut += 1 + integer(25)) {
    writeFileSync(path, Buffer.concat([whole, line.subarray(0, cut)]))
    const reopened = new FileLog(path)
    assert.equal(reopened.events.length, batchEvents)
    reopened.append(second)
    reopened.close()
    // The same batch, appended anew.
    assert.equal(withoutMarks(readFileSync(path)), withoutMarks(Buffer.concat([whole, line])))
    cuts += 1
  }
  console.log(`PROOF file_torn_cuts=${cuts} seed=${seed}`)
})

void test('a torn header makes a new log; a damaged line in the middle is told and left as it is', (context) => {
  const path = join(temporaryFolder(context), 'store-damaged.jsonl')
  writeFileSync(path, '{"backendId":"ab')
  const log = new FileLog(path)
  assert.equal(log.events.length, 0)
  log.append(batchAfter({ global: 0, eventId: null }, 'client-a'))
  log.close()
  const lines = readFileSync(path, 'utf8').split('\n')
  appendFileSync(path, `damage\n${lines[1]}\n`)
  const damaged = readFileSync(path, 'utf8')
  assert.throws(() => new FileLog(path), /damaged at line 3; restore it from a backup/)
  assert.equal(readFileSync(path, 'utf8'), damaged)
})

void test('a second process is told that the file is in use, and gets it when the first has ended', async (context) => {
  const folder = temporaryFolder(context)
  const log = new FileLog(join(folder, 'store-crash.jsonl'))
  await assert.rejects(pushUntilKilled(folder, 1), /held by another process/)
  log.close()
  assert.ok((await pushUntilKilled(folder, 1)).length > 0)
})

void test('two clients of one process share a log, whatever provider they come from', async (context) => {
  const directory = temporaryFolder(context)
  await Effect.gen(function* () {
    const context = { storeId: 'Shared', clientId: 'client-a' }
    const a = yield* fileBackend({ directory }).make(context)
    const b = yield* fileBackend({ directory }).make({ ...context, clientId: 'client-b' })
    const { backendId, head } = yield* a.ping
    const answer = yield* a.push({ backendId, parent: head, events: batchAfter(head, 'client-a') })
    assert.equal(answer._tag, 'Accepted')
    assert.equal((yield* b.ping).head.global, batchEvents)
  }).pipe(Effect.scoped, Effect.runPromise)
  // With the last client its file is free again.
  new FileLog(join(directory, 'store-~shared.jsonl')).close()
})

void test('a storeId that is none makes no path', async (context) => {
  const directory = temporaryFolder(context)
  const pinging = Effect.gen(function* () {
    const backend = yield* fileBackend({ directory }).make({ storeId: '../x', clientId: 'a' })
    return yield* Effect.flip(backend.ping)
  })
  const { reason } = await Effect.runPromise(Effect.scoped(pinging))
  assert.equal(reason._tag, 'ProtocolError')
})
