/** What the types of a large app cost is counted, so that it cannot creep up. Seconds are `pnpm check:typetime`'s. */
import { expect, test } from 'vitest'
import { appSize, countProblems, typeBudget } from '../src/typetime/TypeBudget.ts'
import { headwaterProgram } from '../src/typetime/AppProgram.ts'
import { measureTypes } from '../src/typetime/TypeTime.ts'

test('an app of 200 events and 50 tables costs the compiler no more than its budget, and grows evenly', async () => {
  const app = await measureTypes('test-app', headwaterProgram(appSize), 1)
  const half = await measureTypes('test-half', headwaterProgram({ tables: 25, events: 100 }), 1)
  // A count that was not read would hold any budget.
  expect(half.instantiations).toBeGreaterThan(10_000)
  expect(countProblems({ app, half })).toEqual([])
  console.log(`PROOF typetime_instantiations=${app.instantiations} max=${typeBudget.instantiationsMax}`)
})

test('what is over budget is told', () => {
  const cost = (instantiations: number) => ({ instantiations, checkSeconds: 0, totalSeconds: 0 })
  expect(countProblems({ app: cost(90_001), half: cost(30_000) })).toEqual([
    '90001 instantiations, at most 90000',
    'twice the app is 3.00 times the work, at most 2.2',
  ])
})

test('a program that does not type-check measures nothing', async () => {
  const broken = { 'app.ts': `import { column } from '@headwater/core'\nexport const wrong: string = column\n` }
  await expect(measureTypes('test-broken', broken, 1)).rejects.toThrow(/TS2322/)
})
