/** What the tutorial tells its reader to look at, by the name in its comments. Each answers with what was seen. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { mustBe } from '@headwater/checks/scaffold/Expectation'
import type { TutorialReader } from './TutorialReader.ts'

export interface TutorialWorld {
  readonly browser: Browser
  readonly reader: TutorialReader
}

/** The reader's windows, which stay open from check to check. */
const windows: { own?: BrowserContext; page?: Page; other?: Page } = {}

const open = async (context: BrowserContext, url: string): Promise<Page> => {
  const page = await context.newPage()
  const problems: Array<string> = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(url)
  // The store is open: what somebody types before is lost, as in any page that loads.
  await page
    .waitForFunction(() => document.querySelector('form')?.onsubmit !== null)
    .catch((error: unknown) => {
      throw new Error(`${url} does not get ready: ${problems.join('; ')}`, { cause: error })
    })
  return page
}

const add = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel('New item').fill(text)
  await page.getByRole('button', { name: 'Add' }).click()
  await shows(page, text)
}

/** The names are in inputs, which no selector for text sees. */
const shows = async (page: Page, text: string): Promise<void> => {
  await page
    .waitForFunction(
      (name) =>
        [...document.querySelectorAll('li input:not([type])')].some(
          (input) => (input as HTMLInputElement).value === name,
        ),
      text,
    )
    .catch(async (error: unknown) => {
      throw new Error(`the list does not show ${text}, but ${await page.locator('body').innerText()}`, { cause: error })
    })
}

const rename = async (page: Page, from: string, to: string): Promise<void> => {
  const input = page.locator(`li:has(input[aria-label="bought ${from}"]) input[aria-label="name"]`)
  await input.fill(to)
  await input.blur()
  await shows(page, to)
}

const status = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('status').getByText(text, { exact: true }).waitFor()
}

export const tutorialChecks: Readonly<Record<string, (world: TutorialWorld) => Promise<string>>> = {
  local: async ({ browser, reader }) => {
    const context = await browser.newContext()
    const page = await open(context, reader.url('5173'))
    await add(page, 'milk')
    await add(page, 'bread')
    await page.reload()
    await shows(page, 'bread')
    const tab = await open(context, reader.url('5173'))
    await tab.getByLabel('bought milk').check()
    await page.getByLabel('bought milk').and(page.locator(':checked')).waitFor()
    await tab.close()
    Object.assign(windows, { own: context, page })
    return 'a list over reloads and in two tabs'
  },
  synced: async ({ browser, reader }) => {
    const { page } = windows as { readonly page: Page }
    const other = await open(await browser.newContext(), reader.url('5173'))
    await shows(other, 'milk')
    await add(other, 'cheese')
    await shows(page, 'cheese')
    windows.other = other
    return 'synced with another browser'
  },
  offline: async ({ reader }) => {
    const { page, other } = windows as { readonly page: Page; readonly other: Page }
    for (const window of [page, other]) {
      await window.reload()
      await status(window, 'Saved everywhere')
    }
    const command = await reader.stop('4800')
    await rename(page, 'milk', 'oat milk')
    await add(page, 'apples')
    await rename(other, 'milk', 'soy milk')
    await status(page, 'Saved here, 2 waiting for the server')
    await status(other, 'Saved here, 1 waiting for the server')
    await reader.start(command)
    for (const window of [page, other]) {
      await status(window, 'Saved everywhere')
      await shows(window, 'apples')
    }
    const names = async (window: Page): Promise<string> =>
      (
        await window
          .locator('li input[aria-label="name"]')
          .evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value))
      ).join()
    await page.waitForFunction(
      (listed) =>
        [...document.querySelectorAll('li input:not([type])')]
          .map((input) => (input as HTMLInputElement).value)
          .join() === listed,
      await names(other),
    )
    mustBe(/(oat|soy) milk/.test(await names(page)), `both show ${await names(page)}`)
    return 'a server that is away, and a conflict'
  },
  'without-network': async ({ reader }) => {
    const { own } = windows as { readonly own: BrowserContext }
    const page = await open(own, reader.url('4173'))
    await shows(page, 'apples')
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    await page.reload()
    await status(page, 'Saved everywhere')
    const commands = [await reader.stop('4173'), await reader.stop('4800')]
    await page.reload()
    await shows(page, 'apples')
    await add(page, 'pears')
    await status(page, 'Saved here, 1 waiting for the server')
    await page.close()
    const again = await open(own, reader.url('4173'))
    await shows(again, 'pears')
    await status(again, 'Saved here, 1 waiting for the server')
    for (const command of commands) await reader.start(command)
    await status(again, 'Saved everywhere')
    const { other } = windows as { readonly other: Page }
    await shows(other, 'pears')
    return 'the app without any network'
  },
}
