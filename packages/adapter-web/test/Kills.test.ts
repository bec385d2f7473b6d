import { afterAll, expect, test } from 'vitest'
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import type { Acknowledged, Found } from './browser/pages/CrashLoad.ts'
import { servePages } from './browser/PageServer.ts'

/** More of them when asked: `HEADWATER_KILLS=100`. */
const kills = Number(process.env['HEADWATER_KILLS'] ?? 8)
const seed = Number(process.env['HEADWATER_SEED'] ?? Date.now() % 1_000_000)

/** How long a browser works before it is killed, behind its first commit. **Units** ms. */
const lifeMsMax = 600

const profile = makeProfile()
const server = await servePages(['CrashLoad', 'CrashStore'])
afterAll(async () => {
  await server.close()
  profile.remove()
})

/** Park and Miller's generator: the same moments for the same seed, as far as a clock allows. */
const seeded = (start: number): (() => number) => {
  let state = (start % 2_147_483_646) + 1
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

interface Life {
  readonly found: Found
  readonly last: Acknowledged
}

/** Starts a browser, lets it work for that long, and kills it. */
const live = async (entry: string, lifeMs: number): Promise<Life> => {
  const chromium = await launchChromium(profile.path)
  try {
    const page = await chromium.context.newPage()
    let last: Acknowledged | null = null
    let tellFound: (found: Found) => void = () => undefined
    let tellFirst: () => void = () => undefined
    const found = new Promise<Found>((resolve) => (tellFound = resolve))
    const first = new Promise<void>((resolve) => (tellFirst = resolve))
    await page.exposeFunction('found', (what: Found) => tellFound(what))
    await page.exposeFunction('acknowledged', (what: Acknowledged) => {
      last = what
      tellFirst()
    })
    await page.goto(`${server.url}/${entry}`)
    const whatWasFound = await found
    if (whatWasFound.wrong.length === 0) {
      await first
      // Not a wait for anything: the length of a life is what is being tested.
      await new Promise((resolve) => setTimeout(resolve, lifeMs))
    }
    await chromium.kill()
    return { found: whatWasFound, last: last ?? whatWasFound }
  } finally {
    await chromium.kill()
  }
}

const loads = [
  ['CrashLoad', "a leader's storage"],
  ['CrashStore', 'a store'],
] as const

for (const [entry, what] of loads)
  test(
    `${what} under load in a browser that is killed ${kills} times has everything that was committed (seed ${seed})`,
    { timeout: 30_000 + kills * 15_000 },
    async () => {
      const random = seeded(seed)
      let last: Acknowledged = { event: 0, exports: 0 }
      let salvages = 0
      for (let kill = 0; kill <= kills; kill++) {
        const life = await live(entry, random() * lifeMsMax)
        expect(life.found.wrong, `after kill ${kill}`).toEqual([])
        expect(life.found.event, `events after kill ${kill}`).toBeGreaterThanOrEqual(last.event)
        expect(life.found.exports, `exports after kill ${kill}`).toBeGreaterThanOrEqual(last.exports)
        if (life.found.wasSalvaging) salvages++
        last = life.last
      }
      console.log(
        `PROOF load=${entry} kills=${kills} seed=${seed} events=${last.event} exports=${last.exports} salvages_interrupted=${salvages} lost=0`,
      )
    },
  )
