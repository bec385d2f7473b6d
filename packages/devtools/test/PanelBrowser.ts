/** The panel in a real Chromium: one browser and one server of `pages/` a test file. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { servePages } from '../../adapter-web/test/browser/PageServer.ts'
import type { PanelPage } from './pages/Panel.ts'

export interface PanelTab {
  readonly page: Page
  /** Runs in the page, with the app that it is. */
  readonly inApp: <A>(run: (app: PanelPage) => A | Promise<A>) => Promise<A>
  /** Shows a tab, and answers what is behind it. */
  readonly tab: (name: string) => Promise<Locator>
  /** Errors of the page, also breaches of its policy. */
  readonly troubles: ReadonlyArray<string>
}

export interface PanelOptions {
  /** As in the address: `?writable&theme=dark`. */
  readonly query?: string
  readonly hash?: string
}

const pages = fileURLToPath(new URL('pages', import.meta.url))

/**
 * Answers how to have one page for the tests of a `describe`: a window with storage of its own, opened before the first of
 * them. Opening is most of what a test of the panel would cost: two stores in OPFS, with their workers.
 */
export const openBrowser = async (): Promise<(options?: PanelOptions) => () => PanelTab> => {
  const profile = makeProfile()
  const server = await servePages(['Panel'], pages)
  const chromium = await launchChromium(profile.path)
  afterAll(async () => {
    await chromium.close()
    await server.close()
    profile.remove()
  })
  return (options = {}) => {
    let tab: PanelTab | undefined
    beforeAll(async () => {
      const context = await chromium.browser.newContext({
        viewport: { width: 1180, height: 720 },
        acceptDownloads: true,
      })
      tab = await openTab(await context.newPage(), `${server.url}/Panel${options.query ?? ''}${options.hash ?? ''}`)
      return () => context.close()
    })
    return () => tab!
  }
}

const openTab = async (page: Page, address: string): Promise<PanelTab> => {
  const troubles: Array<string> = []
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text())
  })
  await page.goto(address)
  await page.waitForFunction(() => 'headwaterPanel' in globalThis)
  return {
    page,
    troubles,
    inApp: (run) =>
      page.evaluate(`(${run.toString()})(globalThis.headwaterPanel)`) as Promise<Awaited<ReturnType<typeof run>>>,
    tab: async (name) => {
      await page.getByRole('tab', { name }).click()
      const panel = page.getByRole('tabpanel')
      await panel.waitFor()
      return panel
    },
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What a screen reader, or eyes that need contrast, stumble over; or only the eyes. */
export const barriersIn = async (page: Page, what: 'all' | 'contrast' = 'all'): Promise<ReadonlyArray<string>> => {
  // Not as a script of the page, whose policy forbids it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  return await page.evaluate(async (isContrastOnly) => {
    const { axe: finder } = globalThis as unknown as {
      readonly axe: {
        readonly run: (
          context: object,
          options: object,
        ) => Promise<{
          readonly violations: ReadonlyArray<{
            readonly id: string
            readonly help: string
            readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary?: string }>
          }>
        }>
      }
    }
    // What is the page's, not the panel's: it has no language, title, heading or landmarks.
    const rules = Object.fromEntries(
      ['html-has-lang', 'landmark-one-main', 'page-has-heading-one', 'region'].map((id) => [id, { enabled: false }]),
    )
    const { violations } = await finder.run(document, isContrastOnly ? { runOnly: ['color-contrast'] } : { rules })
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
  }, what === 'contrast')
}

/** Waits until a text is there. */
export const untilShown = (where: Page | Locator, text: string | RegExp): Promise<void> =>
  where.getByText(text).first().waitFor()

/** The texts of the elements, without the space around and between words. */
export const textsOf = async (elements: Locator): Promise<ReadonlyArray<string>> =>
  (await elements.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim())

export const noTroubles = ({ troubles }: PanelTab): void => expect(troubles).toEqual([])
