import {
  ChangeInsideComputed,
  column,
  type Computed,
  ComputedCycle,
  createStore,
  defineEvent,
  defineSchema,
  NotOfThisStore,
  QueryNotInSchema,
  type Read,
  ReadOutsideComputed,
  Schema,
  type Signal,
  sql,
  type Store,
  StoreClosed,
  table,
} from '@headwater/core'
import fc from 'fast-check'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { memoryAdapter } from '../../../adapter-node/src/MemoryAdapter.ts'

const todos = table('todos', {
  id: column.text().primaryKey(),
  text: column.text(),
  done: column.boolean().default(false),
})
const todoCreated = defineEvent('todoCreated', Schema.Struct({ id: Schema.String, text: Schema.String }))
const todoDeleted = defineEvent('todoDeleted', Schema.Struct({ id: Schema.String }))
const schema = defineSchema({
  version: 1,
  tables: { todos },
  events: { todoCreated, todoDeleted },
  materializers: {
    todoCreated: (todo) => todos.insert(todo),
    todoDeleted: ({ id }) => todos.delete().where({ id }),
  },
})

let stores = 0
const logged: Array<string> = []
const open = async (): Promise<Store> => {
  logged.length = 0
  const store = await createStore({
    schema,
    storeId: `reactive-${stores++}`,
    adapter: memoryAdapter(),
    log: ({ message, fields }) => logged.push(`${message} ${JSON.stringify(fields)}`),
  })
  onTestFinished(() => store.close())
  return store
}

const add = (store: Store, id: string, text = id): unknown => store.commit(todoCreated({ id, text }))

test('a signal tells its subscribers of values that differ', async () => {
  const store = await open()
  const signal = store.signal({ a: 1 })
  const seen: Array<unknown> = []
  const end = store.subscribe(signal, (value) => seen.push(value))
  signal.set({ a: 1 })
  signal.set({ a: 2 })
  signal.update(({ a }) => ({ a: a + 1 }))
  end()
  signal.set({ a: 9 })
  expect(seen).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }])
  expect(signal.get()).toEqual({ a: 9 })
  expect(store.query(signal)).toEqual({ a: 9 })
})

test('a computed over two queries and a signal runs once for a commit, never with one old and one new input', async () => {
  const store = await open()
  const factor = store.signal(1)
  let runs = 0
  const seen: Array<string> = []
  const both = store.computed((read) => {
    runs++
    return `${read(todos.count())}/${read(todos.orderBy('id')).length} x${read(factor)}`
  })
  expect(runs).toBe(0)
  both.subscribe((value) => seen.push(value))
  expect(runs).toBe(1)
  add(store, '1')
  expect(runs).toBe(2)
  store.commit(todoCreated({ id: '2', text: 'b' }), todoCreated({ id: '3', text: 'c' }))
  factor.set(2)
  expect(seen).toEqual(['0/0 x1', '1/1 x1', '3/3 x1', '3/3 x2'])
  expect(runs).toBe(4)
  expect([both.get(), both.get()]).toEqual(['3/3 x2', '3/3 x2'])
  expect(runs).toBe(4)
})

test('a diamond of computeds runs each of them once for a change', async () => {
  const store = await open()
  const runs = { left: 0, right: 0, bottom: 0 }
  const top = store.signal(1)
  const left = store.computed((read) => (runs.left++, read(top) * 2))
  const right = store.computed((read) => (runs.right++, read(top) * 3))
  const seen: Array<number> = []
  const bottom = store.computed((read) => (runs.bottom++, read(left) + read(right)))
  bottom.subscribe((value) => seen.push(value))
  top.set(2)
  expect(seen).toEqual([5, 10])
  expect(runs).toEqual({ left: 2, right: 2, bottom: 2 })
})

test('nobody is told of a result that is equal, and what depends on it does not run', async () => {
  const store = await open()
  add(store, '1', 'a')
  let runs = 0
  const texts = store.computed((read) =>
    read(todos.orderBy('id'))
      .filter(({ id }) => id < '5')
      .map(({ text }) => ({ text })),
  )
  const count = store.computed((read) => (runs++, read(texts).length))
  const seen: Array<unknown> = []
  texts.subscribe((value) => seen.push(value))
  count.subscribe(() => undefined)
  const before = texts.get()
  add(store, '9', 'b')
  expect(seen).toEqual([[{ text: 'a' }]])
  expect(texts.get()).toBe(before)
  expect(runs).toBe(1)
  const parity = store.computed((read) => read(todos.count()), { equals: (a, b) => a % 2 === b % 2 })
  const parities: Array<number> = []
  parity.subscribe((value) => parities.push(value))
  store.commit(todoCreated({ id: '3', text: '' }), todoCreated({ id: '4', text: '' }))
  add(store, '6')
  expect(parities).toEqual([2, 5])
})

test('dependencies are those of the last run', async () => {
  const store = await open()
  const which = store.signal<'a' | 'b'>('a')
  const [a, b] = [store.signal(1), store.signal(10)]
  let runs = 0
  const chosen = store.computed((read) => (runs++, read(read(which) === 'a' ? a : b)))
  const seen: Array<number> = []
  chosen.subscribe((value) => seen.push(value))
  b.set(11)
  expect(runs).toBe(1)
  which.set('b')
  a.set(2)
  b.set(12)
  expect(seen).toEqual([1, 11, 12])
  expect(runs).toBe(3)
})

test('read in the middle of a refresh, a computed already has the tables as they are, for all its inputs', async () => {
  const store = await open()
  const seen: Array<ReadonlyArray<number>> = []
  let runs = 0
  const pair = store.computed((read) => (runs++, [read(todos.count()), read(todos.orderBy('id')).length]))
  // In the order of subscription the live queries of `pair` are refreshed in between the two readers.
  const read = (): unknown => seen.push(pair.get())
  store.subscribe(todos.orderBy('text'), read)
  pair.subscribe(() => undefined)
  store.subscribe(todos.orderBy('text', 'desc'), read)
  add(store, '1')
  add(store, '2')
  expect(seen).toEqual([
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
    [2, 2],
    [2, 2],
  ])
  expect(runs).toBe(3)
})

test('a subscriber that commits while others are told: everybody ends with the last state, nobody sees a mix', async () => {
  const store = await open()
  const pair = store.computed((read) => [read(todos.count()), read(todos.orderBy('id')).length])
  const seen: Array<ReadonlyArray<number>> = []
  pair.subscribe(([count]) => {
    if (count === 1) add(store, 'x')
  })
  pair.subscribe((value) => seen.push(value))
  store.subscribe(todos.count(), (count) => {
    if (count === 2) add(store, 'y')
  })
  add(store, '1')
  expect(pair.get()).toEqual([3, 3])
  expect(seen.at(-1)).toEqual([3, 3])
  for (const [count, rows] of seen) expect(count).toBe(rows)
})

test('a state that a live query never told of is not kept', async () => {
  const store = await open()
  const count = store.computed((read) => read(todos.limit(5).count()))
  let isFirst = true
  store.subscribe(todos.orderBy('id'), (rows) => {
    if (rows.length === 0 || !isFirst) return
    isFirst = false
    expect(count.get()).toBe(1)
    store.commit(todoDeleted({ id: '1' }))
  })
  const seen: Array<number> = []
  count.subscribe((value) => seen.push(value))
  add(store, '1')
  expect(store.query(todos.count())).toBe(0)
  expect(count.get()).toBe(0)
  expect(seen.at(-1)).toBe(0)
})

test('an input that is read no more is let go, and one that nobody hears of is not run', async () => {
  const store = await open()
  const isWanted = store.signal(true)
  let runs = 0
  const source = store.signal(0)
  const costly = store.computed((read) => (runs++, read(source)))
  const end = store.computed((read) => (read(isWanted) ? read(costly) : -1)).subscribe(() => undefined)
  source.set(1)
  expect(runs).toBe(2)
  isWanted.set(false)
  source.set(2)
  expect(runs).toBe(2)
  expect((costly as unknown as { readonly observers: ReadonlySet<unknown> }).observers.size).toBe(0)
  isWanted.set(true)
  expect(runs).toBe(3)
  end()
  source.set(3)
  expect(runs).toBe(3)
  expect((source as unknown as { readonly observers: ReadonlySet<unknown> }).observers.size).toBe(0)
})

test('what a computed throws is thrown to its readers, others go on', async () => {
  const store = await open()
  const input = store.signal(0)
  const boom = store.computed((read) => {
    if (read(input) === 1) throw new RangeError('one')
    return read(input)
  })
  const over = store.computed((read) => read(boom) + 1)
  const saved = store.computed((read) => {
    try {
      return read(boom)
    } catch {
      return -1
    }
  })
  const [errors, values, savedValues, others]: Array<Array<unknown>> = [[], [], [], []]
  over.subscribe((value) => values!.push(value), { onError: (error) => errors!.push(error) })
  saved.subscribe((value) => savedValues!.push(value))
  store.subscribe(input, (value) => others!.push(value))
  input.set(1)
  expect(() => over.get()).toThrow(RangeError)
  expect(() => store.query(boom)).toThrow(RangeError)
  expect(() => boom.subscribe(() => undefined)).toThrow(RangeError)
  input.set(2)
  expect([values, savedValues, others]).toEqual([
    [1, 3],
    [0, -1, 2],
    [0, 1, 2],
  ])
  expect(errors).toEqual([new RangeError('one')])
})

test('a listener that throws is logged, others are told', async () => {
  const store = await open()
  const signal = store.signal(0)
  const seen: Array<number> = []
  signal.subscribe(() => {
    throw new Error('mine')
  })
  signal.subscribe((value) => seen.push(value))
  signal.set(1)
  expect(seen).toEqual([0, 1])
  expect(logged.filter((line) => line.includes('mine'))).toHaveLength(2)
})

test('a cycle is a typed error of everybody in it, and ends when the cycle does', async () => {
  const store = await open()
  const isCyclic = store.signal(true)
  const a: Computed<number> = store.computed((read): number => (read(isCyclic) ? read(b) : 1), { name: 'a' })
  const b: Computed<number> = store.computed((read): number => read(a) + 1, { name: 'b' })
  expect(() => a.get()).toThrow(ComputedCycle)
  expect(() => b.get()).toThrow('a → b → a')
  const seen: Array<number> = []
  const errors: Array<unknown> = []
  const endB = b.subscribe((value) => seen.push(value), { onError: (error) => errors.push(error) })
  isCyclic.set(false)
  expect([a.get(), b.get()]).toEqual([1, 2])
  expect(seen).toEqual([2])
  expect(errors[0]).toBeInstanceOf(ComputedCycle)
  isCyclic.set(true)
  expect(() => a.get()).toThrow(ComputedCycle)
  endB()
  // Subscribed from within the cycle: `b` met it first and knows no input that would tell.
  const [fromA, fromB]: Array<Array<unknown>> = [[], []]
  const ends = [a, b].map((one, index) =>
    one.subscribe((value) => [fromA, fromB][index]!.push(value), { onError: () => 0 }),
  )
  isCyclic.set(false)
  expect([fromA, fromB]).toEqual([[1], [2]])
  for (const end of ends) end()
  const self: Computed<number> = store.computed((): number => self.get())
  expect(() => self.get()).toThrow(ComputedCycle)
})

test('a computed may not change anything, nor read when it has returned', async () => {
  const store = await open()
  const signal = store.signal(0)
  expect(() => store.computed(() => add(store, '1'), { name: 'adder' }).get()).toThrow('commit inside adder')
  expect(() => store.computed(() => signal.set(1)).get()).toThrow(ChangeInsideComputed)
  expect(store.query(todos.count())).toBe(0)
  let late: Read | undefined
  store.computed((read) => void (late = read)).get()
  expect(() => late?.(signal)).toThrow(ReadOutsideComputed)
  // A failure of the one is none of the next.
  add(store, '1')
  signal.set(1)
})

test('what belongs to another store or schema is refused', async () => {
  const [store, other] = [await open(), await open()]
  const signal = other.signal(0)
  expect(() => store.query(signal)).toThrow(NotOfThisStore)
  expect(() => store.subscribe(signal, () => undefined)).toThrow(NotOfThisStore)
  expect(() => store.computed((read) => read(signal)).get()).toThrow(NotOfThisStore)
  expect(() => store.query({ kind: 'signal', get: () => 1 } as unknown as Signal<number>)).toThrow(NotOfThisStore)
  const impostor = table('todos', { id: column.text().primaryKey() })
  expect(() => store.query(impostor.all())).toThrow(QueryNotInSchema)
  expect(() => store.subscribe(impostor.count(), () => undefined)).toThrow(QueryNotInSchema)
})

test('a query that fails in a computed fails it, and is live again when it does not', async () => {
  const store = await open()
  const strict = sql`SELECT text FROM ${todos} ORDER BY id`.as(Schema.Struct({ text: Schema.Literal('ok') }))
  add(store, '1', 'bad')
  const texts = store.computed((read) => read(strict).length)
  expect(() => texts.get()).toThrow('does not fit its schema')
  const seen: Array<number> = []
  const errors: Array<unknown> = []
  texts.subscribe((value) => seen.push(value), { onError: (error) => errors.push(error) })
  expect(errors).toHaveLength(1)
  store.commit(todoDeleted({ id: '1' }))
  add(store, '2', 'ok')
  expect(seen).toEqual([0, 1])
})

test.each([
  ['cannot be decoded', sql`SELECT text FROM ${todos} ORDER BY id`, 'does not fit its schema'],
  ['cannot be run', sql`SELECT json_extract(text, '$') AS text FROM ${todos} ORDER BY id`, 'malformed JSON'],
] as const)(
  'a live query that %s any more fails the computed that reads it, until it can',
  async (_, text, message) => {
    const store = await open()
    const query = text.as(Schema.Struct({ text: Schema.Union([Schema.Literal('"ok"'), Schema.Literal('ok')]) }))
    add(store, '1', '"ok"')
    const count = store.computed((read) => read(query).length)
    const seen: Array<number> = []
    const errors: Array<string> = []
    count.subscribe((value) => seen.push(value), { onError: (error) => errors.push((error as Error).message) })
    add(store, '2', 'bad')
    expect(() => count.get()).toThrow(message)
    expect(errors).toEqual([expect.stringContaining(message)])
    store.commit(todoDeleted({ id: '2' }))
    expect(count.get()).toBe(1)
    add(store, '3', '"ok"')
    expect(seen).toEqual([1, 1, 2])
  },
)

test('a closed store refuses, and tells nobody any more', async () => {
  const store = await open()
  const signal = store.signal(0)
  const count = store.computed((read) => read(todos.count()))
  const seen: Array<number> = []
  signal.subscribe((value) => seen.push(value))
  const end = count.subscribe(() => undefined)
  await store.close()
  for (const use of [
    () => signal.get(),
    () => signal.set(1),
    () => count.get(),
    () => store.query(count),
    () => count.subscribe(() => undefined),
    () => store.subscribe(signal, () => undefined),
  ])
    expect(use).toThrow(StoreClosed)
  end()
  expect(seen).toEqual([0])
})

test('results: the present answer, then the latest one, until the signal ends them', async () => {
  const store = await open()
  const controller = new AbortController()
  const results = store.results(todos.count(), { signal: controller.signal })
  expect(await results.next()).toEqual({ done: false, value: 0 })
  add(store, '1')
  add(store, '2')
  add(store, '3')
  expect(await results.next()).toEqual({ done: false, value: 3 })
  const waiting = results.next()
  add(store, '4')
  expect(await waiting).toEqual({ done: false, value: 4 })
  const last = results.next()
  controller.abort()
  expect(await last).toEqual({ done: true, value: undefined })
  expect(await results.next()).toEqual({ done: true, value: undefined })
})

test('results skip what is back where it was, and end with the store', async () => {
  const store = await open()
  const signal = store.signal(0)
  const seen: Array<number> = []
  const loop = (async () => {
    for await (const value of store.results(signal)) {
      seen.push(value)
      if (value === 0) {
        signal.set(5)
        signal.set(0)
        signal.set(7)
      }
    }
  })()
  await expect.poll(() => seen).toEqual([0, 7])
  const idle = store.results(signal)
  await idle.next()
  const waiting = idle.next()
  signal.set(8)
  signal.set(7)
  expect(await waiting).toEqual({ done: false, value: 8 })
  const ended = idle.next()
  expect(await ended).toEqual({ done: false, value: 7 })
  await store.close()
  await loop
  expect(await idle.next()).toEqual({ done: true, value: undefined })
  await expect(store.results(signal).next()).rejects.toThrow(StoreClosed)
})

test('results end where a computed fails', async () => {
  const store = await open()
  const signal = store.signal(0)
  const results = store.results(
    store.computed((read) => {
      if (read(signal) === 1) throw new RangeError('one')
      return read(signal)
    }),
  )
  await results.next()
  const waiting = results.next()
  signal.set(1)
  await expect(waiting).rejects.toThrow(RangeError)
  expect(await results.next()).toEqual({ done: true, value: undefined })
})

test('types: what is read is what comes out', async () => {
  const store = await open()
  const selected = store.signal<string | null>(null)
  expectTypeOf(selected).toEqualTypeOf<Signal<string | null>>()
  const chosen = store.computed((read) => read(todos.where({ id: read(selected) ?? '' }).first()))
  expectTypeOf(chosen.get()).toEqualTypeOf<
    { readonly id: string; readonly text: string; readonly done: boolean } | undefined
  >()
  expectTypeOf(store.query(todos.count())).toEqualTypeOf<number>()
  expectTypeOf(store.query(chosen)).toEqualTypeOf(chosen.get())
  store.subscribe(selected, (value) => expectTypeOf(value).toEqualTypeOf<string | null>())
  expectTypeOf(store.results(todos.select('id')).next()).resolves.toEqualTypeOf<
    IteratorResult<ReadonlyArray<{ readonly id: string }>, void>
  >()
  // @ts-expect-error -- a string
  selected.set(5)
})

/** Random graphs of computeds over signals and tables, and after every step every answer against one that is made anew. */
test('random graphs: every answer is what running everything anew gives', async () => {
  let comparisons = 0
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), id: fc.nat(6) }),
    fc.record({ kind: fc.constant('delete' as const), id: fc.nat(6) }),
    fc.record({ kind: fc.constant('set' as const), signal: fc.nat(2), value: fc.nat(3) }),
    fc.record({ kind: fc.constant('subscribe' as const), node: fc.nat(9) }),
    fc.record({ kind: fc.constant('unsubscribe' as const), node: fc.nat(9) }),
    fc.record({ kind: fc.constant('get' as const), node: fc.nat(9) }),
  )
  const plan = fc.record({
    nodes: fc.array(fc.record({ inputs: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), fold: fc.nat(3) }), {
      minLength: 2,
      maxLength: 10,
    }),
    steps: fc.array(step, { maxLength: 25 }),
    // Reads everything in the middle of every refresh, and commits there, too.
    isNosy: fc.boolean(),
    isBusy: fc.boolean(),
  })
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
  const property = fc.asyncProperty(plan, async ({ nodes, steps, isNosy, isBusy }) => {
    const store = await createStore({ schema, storeId: `random-${stores++}`, adapter: memoryAdapter() })
    const signals = [0, 1, 2].map((value) => store.signal(value))
    const queries = [todos.count(), todos.limit(3).count(), todos.where({ id: { '<': '4' } }).count()]
    const computeds: Array<Computed<number>> = []
    const fold = (kind: number, values: ReadonlyArray<number>): number => {
      if (kind === 0) return values.reduce((a, b) => a + b, 0)
      if (kind === 1) return Math.max(...values) % 3
      if (kind === 2) return values[0]! > 1 ? values.at(-1)! : 0
      return values.reduce((a, b) => (a * 31 + b) % 1000, 7)
    }
    const runs: Array<number> = []
    for (const [index, { inputs, fold: kind }] of nodes.entries()) {
      const chosen = inputs.map((input) => [...signals, ...queries, ...computeds][input % (6 + index)]!)
      runs[index] = 0
      computeds.push(
        store.computed((read) => {
          runs[index]!++
          // Every other input only if the first is odd: dependencies come and go.
          const first = read(chosen[0]!)
          return fold(kind, [first, ...chosen.slice(1).map((input) => (first % 2 === 0 ? read(input) : 0))])
        }),
      )
    }
    const anew = (index: number): number => {
      const { inputs, fold: kind } = nodes[index]!
      const value = (input: number): number => {
        const at = input % (6 + index)
        if (at < 3) return signals[at]!.get()
        return at < 6 ? store.query(queries[at - 3]!) : anew(at - 6)
      }
      const first = value(inputs[0]!)
      return fold(kind, [first, ...inputs.slice(1).map((input) => (first % 2 === 0 ? value(input) : 0))])
    }
    const mixed: Array<unknown> = []
    const look = (): void => {
      for (const [index, computed] of computeds.entries()) {
        comparisons++
        if (computed.get() !== anew(index)) mixed.push([index, computed.get(), anew(index)])
      }
    }
    if (isNosy) store.subscribe(todos.orderBy('id'), look)
    if (isBusy) {
      store.subscribe(todos.where({ id: '2' }).count(), (count) => {
        if (count === 1) store.commit(todoDeleted({ id: '2' }))
      })
    }
    if (isNosy) store.subscribe(todos.orderBy('text'), look)
    const ends = new Map<number, () => void>()
    const told = new Map<number, number>()
    for (const one of steps) {
      const before = [...runs]
      if (one.kind === 'add' && store.query(todos.where({ id: String(one.id) }).count()) === 0)
        add(store, String(one.id))
      if (one.kind === 'delete') store.commit(todoDeleted({ id: String(one.id) }))
      if (one.kind === 'set') signals[one.signal]!.set(one.value)
      const index = 'node' in one ? one.node % nodes.length : 0
      if (one.kind === 'subscribe' && !ends.has(index)) {
        ends.set(
          index,
          store.subscribe(computeds[index]!, (value) => {
            expect(told.get(index)).not.toBe(value)
            told.set(index, value)
          }),
        )
      }
      if (one.kind === 'unsubscribe') {
        ends.get(index)?.()
        ends.delete(index)
        told.delete(index)
      }
      if (one.kind === 'get') expect(computeds[index]!.get()).toBe(anew(index))
      for (const [node, count] of runs.entries()) expect(count - before[node]!).toBeLessThanOrEqual(isBusy ? 2 : 1)
      expect(mixed).toEqual([])
      for (const node of ends.keys()) {
        comparisons++
        expect(told.get(node)).toBe(anew(node))
      }
    }
    for (const [index, computed] of computeds.entries()) {
      comparisons++
      expect(computed.get()).toBe(anew(index))
    }
    await store.close()
  })
  await fc.assert(property, { numRuns: 200, seed })
  expect(comparisons).toBeGreaterThan(1000)
  console.log(`PROOF reactive_comparisons=${comparisons} seed=${seed}`)
})
