import type { BrowserContext, Locator, Page } from 'playwright-core'

/** The app in one window, as a user has it. */
export class TodoPage {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  static async open(context: BrowserContext, url: string): Promise<TodoPage> {
    const page = await context.newPage()
    const todoPage = new TodoPage(page)
    page.on('pageerror', (error) => console.error(error))
    await page.goto(url)
    await todoPage.newTodo.waitFor()
    return todoPage
  }

  get newTodo(): Locator {
    return this.page.getByPlaceholder('What needs to be done?')
  }

  get items(): Locator {
    return this.page.getByTestId('todo-item')
  }

  item(title: string): Locator {
    return this.items.filter({ hasText: title })
  }

  get status(): Locator {
    return this.page.locator('.status')
  }

  async add(...titles: ReadonlyArray<string>): Promise<void> {
    for (const title of titles) {
      await this.newTodo.fill(title)
      await this.newTodo.press('Enter')
    }
  }

  /** The titles that are shown, those of completed todos with a tick. */
  async shown(): Promise<ReadonlyArray<string>> {
    return await this.items.evaluateAll((items) =>
      items.map((item) => `${item.classList.contains('completed') ? '✓ ' : ''}${item.textContent}`),
    )
  }

  /** Until exactly these are shown. **Fails with** what is shown instead, after a while. */
  async untilShown(titles: ReadonlyArray<string>): Promise<void> {
    const until = Date.now() + 15_000
    for (;;) {
      const shown = await this.shown()
      if (JSON.stringify(shown) === JSON.stringify(titles)) return
      if (Date.now() > until) throw new Error(`expected ${JSON.stringify(titles)}, shown is ${JSON.stringify(shown)}`)
      await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    }
  }

  async untilStatus(text: string | RegExp): Promise<void> {
    await this.status.filter({ hasText: text }).waitFor({ timeout: 15_000 })
  }

  async setOffline(offline: boolean): Promise<void> {
    await this.page.getByRole('button', { name: offline ? 'Go offline' : 'Go online' }).click()
  }
}
