/** The first page's playground as somebody uses it: by mouse, by keyboard, on a phone, and as a screen reader is told. */
import { createRequire } from 'node:module'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { mustBe } from '@headwater/checks/scaffold/Expectation'
import type { Chromium } from '@headwater/testkit/browser'

const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

const client = (page: Page, name: string): Locator => page.getByRole('region', { name: `${name}’s device` })
const switchOf = (page: Page, name: string): Locator => page.getByRole('switch', { name: `${name} online` })
const boxes = (page: Page, log: string): Locator => page.getByRole('list', { name: log }).getByRole('listitem')

/** Boxes of a log without their stage, once there are as many. */
const logOf = async (page: Page, log: string, events: number): Promise<ReadonlyArray<string>> => {
  await boxes(page, log)
    .nth(events - 1)
    .waitFor()
  const texts = await boxes(page, log).allInnerTexts()
  return texts.map((text) => text.split('\n')[0]!.replaceAll(/\s+/g, ' ').trim())
}

const synced = async (page: Page): Promise<void> => {
  for (const name of ['Ann', 'Ben']) await client(page, name).getByText('synced', { exact: true }).waitFor()
}

const add = async (page: Page, name: string, text: string): Promise<void> => {
  const input = client(page, name).getByRole('textbox', { name: `New item on ${name}’s list` })
  await input.fill(text)
  await input.press('Enter')
}

const openPlayground = async (context: BrowserContext, url: string): Promise<Page> => {
  const page = await context.newPage()
  page.on('pageerror', (error) => {
    throw error
  })
  await page.goto(url)
  await switchOf(page, 'Ben').waitFor()
  // As fast as it goes: what is looked at is what happens, not how long.
  await page.getByRole('slider', { name: 'Latency, one way' }).fill('0')
  return page
}

/** **Shape**  what was seen to work. **Fails with** the first thing that did not. */
export const checkPlayground = async ({ browser }: Chromium, url: string): Promise<ReadonlyArray<string>> => {
  const context = await browser.newContext()
  const page = await openPlayground(context, url)
  await conflictByHand(page)
  await situations(page)
  await accessible(page)
  await context.close()
  await latency(await browser.newContext(), url)
  await onPhone(await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true }), url)
  return ['a conflict by hand', 'its situations', 'slow lines', 'screen reader and keyboard', 'on a phone']
}

/** Both write offline; the second to come back rebases, and all three logs are the same in the end. */
const conflictByHand = async (page: Page): Promise<void> => {
  for (const name of ['Ann', 'Ben']) await switchOf(page, name).click()
  await add(page, 'Ann', 'bread')
  await add(page, 'Ben', 'cheese')
  // Before anybody is online each has its own first event.
  mustBe((await logOf(page, 'Ann’s log', 1))[0] === 'e1 + bread', 'Ann does not see her own event')
  mustBe((await logOf(page, 'Ben’s log', 1))[0] === 'e1 + cheese', 'Ben does not see his own event')
  await client(page, 'Ben').getByText('offline, 1 waiting').waitFor()
  await switchOf(page, 'Ann').click()
  await boxes(page, 'The server’s log').getByText('+ bread').waitFor()
  // By keyboard alone.
  await switchOf(page, 'Ben').focus()
  await page.keyboard.press('Space')
  await client(page, 'Ben').getByText('The last rebase').waitFor()
  await synced(page)
  const server = await logOf(page, 'The server’s log', 2)
  mustBe(server.join() === 'e1 + bread,e2 + cheese', `the server has ${server.join()}`)
  const ben = await logOf(page, 'Ben’s log', 2)
  mustBe(ben.join() === 'e1 + bread,e2r1 + cheese', `Ben has ${ben.join()}`)
  await page
    .getByRole('log')
    .getByText('Ben rebases: undoes e1 “+ cheese”, applies e1 “+ bread”, replays e2r1 “+ cheese”.')
    .waitFor()
}

const situations = async (page: Page): Promise<void> => {
  const play = async (title: string): Promise<void> => {
    await page.getByRole('button', { name: 'Start over' }).click()
    await page.getByRole('log').getByText('Nothing yet.').waitFor()
    await page.getByRole('slider').fill('0')
    await page.getByRole('button', { name: title }).click()
    await page.getByRole('button', { name: title, disabled: false }).waitFor()
    await synced(page)
  }
  await play('Both rename the same item')
  for (const name of ['Ann', 'Ben'])
    await client(page, name).getByRole('textbox', { name: 'Name of soy milk' }).waitFor()
  await play('Both say that they buy it')
  for (const name of ['Ann', 'Ben']) {
    await client(page, name)
      .getByRole('list', { name: `${name}’s list` })
      .getByText('Ann buys it')
      .waitFor()
    await boxes(page, `${name}’s log`).filter({ hasText: 'no effect' }).waitFor()
  }
  await play('The server refuses')
  const server = await logOf(page, 'The server’s log', 1)
  mustBe(server.join() === 'e1 + salad', `the server took ${server.join()}`)
  await page.getByRole('log').getByText('The server refuses “+ pizza”: this server takes no pizza.').waitFor()
}

/** What is under way is shown for as long as it is. */
const latency = async (context: BrowserContext, url: string): Promise<void> => {
  const page = await openPlayground(context, url)
  await page.getByRole('slider').fill('1500')
  await add(page, 'Ann', 'bread')
  await client(page, 'Ann').getByText('1 on the way to the server').waitFor()
  await boxes(page, 'Ann’s log').filter({ hasText: 'on this device' }).waitFor()
  await client(page, 'Ben').getByText('1 on the way from the server').waitFor()
  await boxes(page, 'Ann’s log').filter({ hasText: 'confirmed' }).waitFor()
  await synced(page)
  await context.close()
}

const onPhone = async (context: BrowserContext, url: string): Promise<void> => {
  const page = await openPlayground(context, url)
  await switchOf(page, 'Ann').tap()
  await add(page, 'Ann', 'a loaf of bread with a rather long name that has to be broken somewhere')
  await client(page, 'Ann').getByText('offline, 1 waiting').waitFor()
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  mustBe(width <= 390, `the page is ${width} px wide on a phone of 390`)
  await context.close()
}

const accessible = async (page: Page): Promise<void> => {
  await page.addScriptTag({ path: axeFile })
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: {
        readonly run: (scope: string) => Promise<{
          readonly violations: ReadonlyArray<{
            readonly id: string
            readonly nodes: ReadonlyArray<{ readonly html: string }>
          }>
        }>
      }
    }
    const { violations } = await axe.run('headwater-playground')
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
  })
  mustBe(found.length === 0, `the playground has ${found.join('; ')}`)
}
