import type { Browser, BrowserContext, Page } from 'playwright-core'

/** The page, as somebody who uses it. **Fails with** an error that says what was seen instead. */
export const useApp = async (browser: Browser, url: string, isSynced: boolean): Promise<void> => {
  const context = await browser.newContext()
  const other = await browser.newContext()
  try {
    const first = await openPage(context, url)
    await click(first, 3)
    const second = await openPage(context, url)
    // It has them from the leader: they are on the disk.
    await untilNotes(second, 3)
    await click(second, 2)
    await untilNotes(first, 5)
    await first.reload()
    await untilNotes(first, 5)
    // The tab that leads goes; the other one goes on.
    await second.close()
    await click(first, 1)
    await untilNotes(await openPage(context, url), 6)
    await first.reload()
    await untilNotes(first, 6)
    if (isSynced) await untilNotes(await openPage(other, url), 6)
  } finally {
    await context.close()
    await other.close()
  }
}

const openPage = async (context: BrowserContext, url: string): Promise<Page> => {
  const page = await context.newPage()
  const problems: Array<string> = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(url)
  await page
    .getByRole('button')
    .waitFor()
    .catch((error: unknown) => {
      throw new Error(`${url} does not get ready: ${problems.join('; ')}`, { cause: error })
    })
  return page
}

const click = async (page: Page, times: number): Promise<void> => {
  for (let n = 0; n < times; n++) await page.getByRole('button').click()
}

const untilNotes = async (page: Page, count: number): Promise<void> => {
  await page.waitForFunction(`document.querySelectorAll('li').length === ${count}`).catch(async (error: unknown) => {
    throw new Error(`expected ${count} notes, there are ${await page.locator('li').count()}`, { cause: error })
  })
}
