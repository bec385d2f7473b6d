/** The pool on a simulated disk that fails or loses power at every one of its operations in turn. No browser. */
import { FaultyDisk } from '@headwater/testkit'
import { seededRandom } from '@headwater/testkit/node'
import { expect, test } from 'vitest'
import { OpfsPool } from '../src/OpfsPool.ts'
import { decodeLabel, encodeLabel, labelAreaBytes } from '../src/SlotLabel.ts'
import { folderOn } from './SimulatedFolder.ts'

const seed = Number(process.env['HEADWATER_SEED'] ?? 20_260_401)

const openPool = (disk: FaultyDisk): Promise<OpfsPool> => OpfsPool.open(folderOn(disk), { waitMs: 0 })

/** What a name holds: the text in its file, and in its journal. */
type Content = Readonly<Record<string, string>>

const longText = (text: string): Uint8Array => new TextEncoder().encode(text.repeat(400))

const contentOf = (pool: OpfsPool): Content => {
  const read = (file: { readonly size: number; readonly read: (target: Uint8Array, offset: number) => number }) => {
    const bytes = new Uint8Array(file.size)
    file.read(bytes, 0)
    return new TextDecoder().decode(bytes)
  }
  return Object.fromEntries(
    pool.names.toSorted().map((name) => {
      const { main, journal } = pool.find(name)!
      return [name, `${read(main)}|${read(journal)}`]
    }),
  )
}

/** A file with a journal of its own, whole on the disk. */
const fill = (pool: OpfsPool, name: string, text: string): void => {
  const { main, journal } = pool.create(name)
  for (const file of [main, journal]) {
    file.write(longText(text), 0)
    file.flush()
  }
}

const steps: Readonly<Record<string, (pool: OpfsPool) => void>> = {
  'a file is put in the place of another': (pool) => pool.put('a', longText('new ')),
  'a new file is put': (pool) => pool.put('c', longText('new ')),
  'a file is renamed with its journal': (pool) => pool.rename('a', 'c'),
  'a file is renamed over another': (pool) => pool.rename('a', 'b'),
  'a file is removed': (pool) => pool.remove('a'),
  'an empty file is made': (pool) => void pool.create('c'),
}

/** A pool with two files, closed; `b` has lived in several slots. */
const makeDisk = async (): Promise<FaultyDisk> => {
  const disk = new FaultyDisk()
  const pool = await openPool(disk)
  fill(pool, 'a', 'a ')
  fill(pool, 'b', 'b ')
  pool.put('b', longText('b again '))
  pool.close()
  return disk
}

/** Runs a step with something that happens at operation `at`; whether it came so far. */
const runTo = async (
  disk: FaultyDisk,
  step: (pool: OpfsPool) => void,
  at: number,
  fault: 'dead' | 'full',
): Promise<{ readonly isDone: boolean; readonly pool: OpfsPool }> => {
  const pool = await openPool(disk)
  let operations = 0
  disk.beforeOperation = ({ kind }) => {
    if (kind === 'read' || kind === 'open') return undefined
    return operations++ >= at ? fault : undefined
  }
  let isDone = true
  try {
    step(pool)
  } catch {
    isDone = false
  }
  disk.beforeOperation = null
  return { isDone: isDone && operations <= at, pool }
}

for (const [what, step] of Object.entries(steps))
  test(`${what}: after a power loss at any moment it has happened or it has not`, async () => {
    const random = seededRandom(seed)
    const base = await makeDisk()
    const before = contentOf(await openPool(base.copy()))
    const after = contentOf((await runTo(base.copy(), step, Infinity, 'dead')).pool)
    expect(after).not.toEqual(before)
    let [losses, isDone] = [0, false]
    for (let at = 0; !isDone; at++) {
      for (let round = 0; round < 25; round++) {
        const disk = base.copy()
        const run = await runTo(disk, step, at, 'dead')
        isDone = run.isDone
        disk.losePower(random)
        losses++
        const found = contentOf(await openPool(disk))
        // Whoever was told that it is done finds it done.
        if (isDone) expect(found, `operation ${at}, seed ${seed}`).toEqual(after)
        else expect([before, after], `operation ${at}, seed ${seed}`).toContainEqual(found)
      }
    }
    console.log(`PROOF step="${what}" power_losses=${losses} seed=${seed} lost=0`)
  })

for (const [what, step] of Object.entries(steps))
  test(`${what}: where there is no room it has happened or it has not, and the pool goes on`, async () => {
    const base = await makeDisk()
    const before = contentOf(await openPool(base.copy()))
    const after = contentOf((await runTo(base.copy(), step, Infinity, 'full')).pool)
    for (let at = 0, isDone = false; !isDone; at++) {
      const disk = base.copy()
      const run = await runTo(disk, step, at, 'full')
      isDone = run.isDone
      expect([before, after], `operation ${at}`).toContainEqual(contentOf(run.pool))
      run.pool.put('later', longText('later '))
      expect(contentOf(await openPool(disk))['later'], `operation ${at}`).toBe(`${'later '.repeat(400)}|`)
    }
  })

test('a label is read back, and not when a byte of it is another', () => {
  const label = { generation: 7, name: 'eventlog-v1.reset-1775000000000' }
  const bytes = encodeLabel(label)
  expect(decodeLabel(bytes)).toEqual(label)
  for (let at = 0; at < 20 + label.name.length; at++) {
    const changed = bytes.slice()
    changed[at]! ^= 0x40
    expect(decodeLabel(changed), `byte ${at}`).toBeUndefined()
  }
  expect(decodeLabel(bytes.subarray(0, 30))).toBeUndefined()
})

test('a label of which only a part arrives leaves the one before it', async () => {
  const disk = new FaultyDisk()
  const pool = await openPool(disk)
  pool.create('a')
  for (const [from, to] of ['ab', 'bc', 'cd'].map((names) => names.split('') as [string, string])) {
    const before = disk.readFile('0.db')
    pool.rename(from, to)
    const after = disk.readFile('0.db')
    const start = after.findIndex((byte, at) => byte !== before[at])
    const end = after.findLastIndex((byte, at) => byte !== before[at])
    for (let at = start; at <= end + 1; at++) {
      const torn = disk.copy()
      torn.writeFile('0.db', Uint8Array.from([...after.subarray(0, at), ...before.subarray(at)]))
      // Its copy has not arrived: nobody waits for that.
      torn.writeFile('0.journal', new Uint8Array())
      expect([from, to], `byte ${at}`).toContain((await openPool(torn)).names.join())
    }
  }
})

test('files whose labels are all lost are kept: nobody takes them for free ones', async () => {
  const disk = await makeDisk()
  const nonsense = new Uint8Array(labelAreaBytes).fill(9)
  expect((await openPool(disk)).find('a')).toBeDefined()
  for (const name of ['0.db', '0.journal']) {
    const file = disk.file(name, false)!
    file.write(0, nonsense)
    file.sync()
  }
  const sizeBefore = disk.file('0.db', false)!.size
  const pool = await openPool(disk)
  for (const name of ['d', 'e', 'f']) pool.put(name, longText(name))
  expect(disk.file('0.db', false)!.size).toBe(sizeBefore)
  expect(pool.find('a')).toBeUndefined()
})
