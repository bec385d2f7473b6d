/** What `pnpm dev` starts: app and server as they are in development, in two windows and a client of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { AppProcess } from './AppProcess.ts'
import { TodoPage } from './TodoPage.ts'

/** A page in development is hundreds of modules, on a machine however busy. **Units** ms. */
const patienceMs = 120_000

test(
  'two windows and another client in sync; what was there is there after a restart',
  { timeout: patienceMs },
  async () => {
    const profile = makeProfile()
    const data = mkdtempSync(join(tmpdir(), 'headwater-todomvc-'))
    const chromium = await launchChromium(profile.path)
    const { context, browser } = chromium
    let app = await AppProcess.start(data)
    try {
      const other = await browser.newContext()
      const pages = [
        await TodoPage.open(context, app.url),
        await TodoPage.open(context, app.url),
        await TodoPage.open(other, app.url),
      ] as const
      await pages[0].add('buy milk')
      await pages[2].add('feed the cat')
      const both = ['buy milk', 'feed the cat']
      for (const page of pages) await page.untilShown(both)
      await pages[1].item('feed the cat').getByRole('checkbox').check()
      for (const page of pages) await page.untilShown(['buy milk', '✓ feed the cat'])
      await pages[2].untilStatus('Synced')

      await app.stop()
      await pages[0].untilStatus('The server is out of reach')
      await pages[0].add('meanwhile')
      app = await AppProcess.start(data, Number(new URL(app.url).port))
      const stranger = await browser.newContext()
      await (await TodoPage.open(stranger, app.url)).untilShown(['buy milk', '✓ feed the cat', 'meanwhile'])
      expect(await pages[2].shown()).toEqual(['buy milk', '✓ feed the cat', 'meanwhile'])
    } finally {
      await chromium.close()
      await app.stop()
      profile.remove()
      rmSync(data, { recursive: true, force: true })
    }
  },
)
