/**
 * Types are true: random expressions, each with the type that Kysely gives it by its own rules (`Tag`, held against
 * Kysely by `expectTypeOf` below), are either refused or answer nothing but values of that type.
 */
import { InvalidColumnValue } from '@headwater/core'
import { kyselyOf, KyselyInvalid, nullable, rowsOf } from '@headwater/core/kysely'
import fc from 'fast-check'
import { type ExpressionBuilder, ExpressionWrapper, type OperationNode } from 'kysely'
import { expect, expectTypeOf, test } from 'vitest'
import { addTodo, day, drivers, openShop, schema } from './Shop.ts'

const db = kyselyOf(schema)

/** A type as a set: what Kysely says a value may be. */
type Tag = ReadonlySet<'boolean' | 'number' | 'bigint' | 'string' | 'Date' | 'array' | 'bytes' | 'null' | 'bit'>
type Name = Tag extends ReadonlySet<infer N> ? N : never
const tag = (...names: ReadonlyArray<Name>): Tag => new Set(names)
const without = (a: Tag, name: Name): Tag => new Set([...a].filter((one) => one !== name))
const union = (...tags: ReadonlyArray<Tag>): Tag => new Set(tags.flatMap((one) => [...one]))

interface Typed {
  readonly node: OperationNode
  readonly tag: Tag
}

const conforms = (value: unknown, names: Tag): boolean => {
  if (value === null) return names.has('null')
  if (value instanceof Date) return names.has('Date')
  if (Array.isArray(value)) return names.has('array')
  if (value instanceof Uint8Array) return names.has('bytes')
  if (typeof value === 'number') return names.has('number') || (names.has('bit') && (value === 0 || value === 1))
  return names.has(typeof value as Name)
}

// oxlint-disable-next-line typescript/no-explicit-any -- expressions are random, so their types are `Tag`s
type AnyBuilder = any
const wrap = ({ node }: Typed): AnyBuilder => new ExpressionWrapper(node)

const columns: Readonly<Record<string, Tag>> = {
  id: tag('string'),
  done: tag('boolean'),
  createdAt: tag('Date'),
  size: tag('bigint'),
  weight: tag('number', 'null'),
  tags: tag('array'),
  image: tag('bytes', 'null'),
}

/** What one plan makes with `eb`: the plan is a stream of random numbers. */
const build = (eb: AnyBuilder, next: (max: number) => number, depth: number): Typed => {
  const make = (built: AnyBuilder, type: Tag): Typed => ({ node: built.toOperationNode(), tag: type })
  const inner = (): Typed => build(eb, next, depth - 1)
  const kind = depth <= 0 ? next(2) : next(13)
  if (kind === 0 || kind > 12) {
    const [name, type] = Object.entries(columns)[next(7)]!
    return make(eb.ref(name), type)
  }
  if (kind === 1) {
    const literals = [
      [true, 'boolean'],
      [5, 'number'],
      [7n, 'bigint'],
      ['x', 'string'],
      [day(1), 'Date'],
      [null, 'null'],
    ] as const
    const [value, type] = literals[next(6)]!
    return make(eb.val(value), tag(type))
  }
  if (kind === 2 || kind === 3) {
    const one = inner()
    return make(eb.fn[kind === 2 ? 'max' : 'min'](wrap(one)), one.tag)
  }
  if (kind === 4) return make(eb.fn.sum(wrap(inner())), tag('string', 'number', 'bigint'))
  if (kind === 5) return make(eb.fn.count(wrap(inner())), tag('string', 'number', 'bigint'))
  if (kind === 6) {
    const [a, b] = [inner(), inner()]
    const type = a.tag.has('null') && b.tag.has('null') ? union(a.tag, b.tag) : without(union(a.tag, b.tag), 'null')
    return make(eb.fn.coalesce(wrap(a), wrap(b)), type)
  }
  if (kind === 7) {
    const [condition, a] = [inner(), inner()]
    const hasElse = next(2) === 1
    const b = hasElse ? inner() : { tag: tag('null') }
    const started = eb
      .case()
      .when(eb(wrap(condition), '=', eb.val(1)))
      .then(wrap(a))
    return make(hasElse ? started.else(wrap(b as Typed)).end() : started.end(), union(a.tag, b.tag))
  }
  if (kind === 8) {
    const a = inner()
    return make(eb(wrap(a), (['+', '-', '*', '/', '%', '||'] as const)[next(6)], wrap(inner())), a.tag)
  }
  if (kind === 9)
    return make(eb(wrap(inner()), (['=', '<', 'is', 'is not'] as const)[next(4)], wrap(inner())), tag('boolean', 'bit'))
  if (kind === 10) {
    const a = inner()
    return make(next(2) === 0 ? eb.not(wrap(a)) : eb.neg(wrap(a)), a.tag)
  }
  if (kind === 11) {
    const a = inner()
    return make(nullable(wrap(a)), union(a.tag, tag('null')))
  }
  const [name, type] = Object.entries(columns)[next(7)]!
  const sub = eb
    .selectFrom('todos as t')
    .select(`t.${name} as x`)
    .where('t.id', '=', String(next(4)))
  return make(sub, union(type, tag('null')))
}

test("tags are Kysely's types", () => {
  const check = (eb: ExpressionBuilder<{ t: { s: string; n: number | null; d: Date } }, 't'>): void => {
    type Of<E> = E extends { readonly expressionType: infer T } ? Exclude<T, undefined> : never
    const max = eb.fn.max('d')
    expectTypeOf<Of<typeof max>>().toEqualTypeOf<Date>()
    const sum = eb.fn.sum('n')
    expectTypeOf<Of<typeof sum>>().toEqualTypeOf<string | number | bigint>()
    const coalesce = eb.fn.coalesce('n', 's')
    expectTypeOf<Of<typeof coalesce>>().toEqualTypeOf<string | number>()
    const plus = eb('d', '+', new Date())
    expectTypeOf<Of<typeof plus>>().toEqualTypeOf<Date>()
    const equal = eb('n', '=', 1)
    expectTypeOf<Of<typeof equal>>().toEqualTypeOf<boolean | 0 | 1>()
    const not = eb.not('s')
    expectTypeOf<Of<typeof not>>().toEqualTypeOf<string>()
    const choice = eb.case().when('n', '=', 1).then(eb.ref('d')).end()
    expectTypeOf<Of<typeof choice>>().toEqualTypeOf<Date | null>()
  }
  expect(check).toBeTypeOf('function')
})

test.each(drivers)('random expressions on %s answer what their types say, or are refused', async (driver, open) => {
  const store = await openShop(open)
  addTodo(store, { id: '1', done: true, day: 1, size: 2n ** 60n, weight: 1.5, tags: ['x'] })
  addTodo(store, { id: '2', listId: 'b', day: 2, size: 3n, weight: null })
  addTodo(store, { id: '3', listId: 'b', size: -1n, weight: 0 })
  const counts = { answered: 0, values: 0, refused: 0, failed: 0 }
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
  const plan = fc.record({
    numbers: fc.array(fc.nat(2 ** 20), { minLength: 40, maxLength: 40 }),
    isGrouped: fc.boolean(),
    isNested: fc.boolean(),
    isEmpty: fc.boolean(),
    depth: fc.nat(3),
  })
  const check = ({
    numbers,
    isGrouped,
    isNested,
    isEmpty,
    depth,
  }: typeof plan extends fc.Arbitrary<infer P> ? P : never): void => {
    let at = 0
    const next = (max: number): number => numbers[at++ % numbers.length]! % max
    let type = tag()
    const select = (eb: AnyBuilder): AnyBuilder => {
      const built = build(eb, next, depth)
      type = built.tag
      return [wrap(built).as('x')]
    }
    let builder: AnyBuilder = db.selectFrom('todos').select(select)
    if (isGrouped) builder = builder.groupBy('listId')
    if (isEmpty) builder = builder.where('id', '=', 'no')
    if (isNested)
      builder = (db as AnyBuilder)
        .with('inside', () => builder)
        .selectFrom((eb: AnyBuilder) => eb.selectFrom('inside').selectAll().as('o'))
        .select('o.x')
    let query: ReturnType<typeof rowsOf>
    try {
      query = rowsOf(builder)
    } catch (error) {
      // What is compared with JSON has to be such JSON.
      if (!(error instanceof KyselyInvalid) && !(error instanceof InvalidColumnValue)) throw error
      return void counts.refused++
    }
    try {
      for (const { x } of store.query(query) as ReadonlyArray<{ readonly x: unknown }>) {
        counts.values++
        expect(conforms(x, type), `${String(x)} is not ${[...type].join(' | ')} in ${query.sql}`).toBe(true)
      }
      counts.answered++
    } catch (error) {
      // SQLite refuses aggregates inside aggregates and what overflows; a value that does not fit fails the query.
      const { name } = error as Error
      if (!/SqliteError|RowInvalid|InvalidColumnValue/.test(`${name} ${String((error as { _tag?: string })._tag)}`))
        throw error
      counts.failed++
    }
  }
  fc.assert(fc.property(plan, check), { numRuns: Number(process.env['FC_RUNS'] ?? 3000), seed })
  expect(counts.values).toBeGreaterThan(500)
  expect(counts.failed).toBeLessThan(counts.answered / 5)
  expect(counts.refused).toBeGreaterThan(100)
  console.log(
    `PROOF kysely_types_driver=${driver} answered=${counts.answered} values=${counts.values} refused=${counts.refused} failed=${counts.failed} seed=${seed}`,
  )
})
