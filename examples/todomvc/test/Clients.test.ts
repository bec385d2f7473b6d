/** TodoMVC as its production build, in browsers that are clients of their own: offline, conflicts, a server that is away. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Chromium, launchChromium, makeProfile } from '@headwater/testkit/browser'
import { BuiltApp } from './BuiltApp.ts'
import { TodoPage } from './TodoPage.ts'

const profile = makeProfile()
const folder = mkdtempSync(join(tmpdir(), 'headwater-todomvc-'))
let chromium: Chromium
let app: BuiltApp

beforeAll(async () => {
  ;[chromium, app] = await Promise.all([launchChromium(profile.path), BuiltApp.start(folder)])
}, 60_000)

afterAll(async () => {
  await chromium.close()
  await app.stop()
  profile.remove()
  rmSync(folder, { recursive: true, force: true })
})

afterEach(async () => {
  const [own, ...others] = chromium.browser.contexts()
  for (const page of own!.pages()) await page.close()
  for (const context of others) await context.close()
})

/** The browser's own context and a new one, which shares nothing with it. */
const openTwo = async (list: string): Promise<readonly [TodoPage, TodoPage]> => {
  const url = `${app.url}?list=${list}`
  const other = await chromium.browser.newContext()
  return [await TodoPage.open(chromium.context, url), await TodoPage.open(other, url)]
}

test('two clients follow each other', async () => {
  const [left, right] = await openTwo('follow')
  await left.add('buy milk')
  await right.untilShown(['buy milk'])
  await right.item('buy milk').getByRole('checkbox').check()
  await left.untilShown(['✓ buy milk'])
  await left.untilStatus('Synced')
  await right.untilStatus('Synced')
  await left.untilStatus(/last synced/)
})

test('one is offline for a while: it goes on, says so, and both agree afterwards', async () => {
  const [left, right] = await openTwo('offline')
  await left.add('buy milk', 'feed the cat', 'call mum')
  await right.untilShown(['buy milk', 'feed the cat', 'call mum'])
  await right.setOffline(true)
  await right.untilStatus('Offline')

  await right.add('from the train')
  await right.item('feed the cat').getByRole('checkbox').check()
  await right.untilStatus('2 changes pending')
  // What somebody else does to the same todos meanwhile.
  await left.item('call mum').hover()
  await left.item('call mum').getByRole('button').click()
  await left.item('feed the cat').getByRole('checkbox').check()
  await left.add('from the office')
  await left.untilStatus('Synced')
  expect(await right.shown()).toEqual(['buy milk', '✓ feed the cat', 'call mum', 'from the train'])

  // What is pending is on the disk.
  await right.page.reload()
  await right.untilShown(['buy milk', '✓ feed the cat', 'call mum', 'from the train'])
  await right.untilStatus('2 changes pending')

  await right.setOffline(false)
  const both = ['buy milk', '✓ feed the cat', 'from the train', 'from the office']
  await Promise.all([left.untilShown(both), right.untilShown(both)])
  await Promise.all([left.untilStatus('Synced'), right.untilStatus('Synced')])
})

test('two windows of one client agree also while it is offline; the switch is one for both', async () => {
  const url = `${app.url}?list=windows`
  const [first, second] = [await TodoPage.open(chromium.context, url), await TodoPage.open(chromium.context, url)]
  await second.setOffline(true)
  await first.untilStatus('Offline')
  await first.add('buy milk')
  await second.untilShown(['buy milk'])
  await second.untilStatus('1 change pending')
  await first.page.close()
  await second.setOffline(false)
  await second.untilStatus('Synced')
})

test('the server goes away and comes back: nothing is lost, and nobody has to do anything', async () => {
  const [left, right] = await openTwo('outage')
  await left.untilStatus('Synced')
  await app.stopServer()
  await left.untilStatus('The server is out of reach')
  await left.add('written down meanwhile')
  await right.add('and here')
  await left.untilStatus('1 change pending')
  await app.startServer()
  const both = ['written down meanwhile', 'and here']
  await Promise.all([left.untilShown(both), right.untilShown(both)])
  await Promise.all([left.untilStatus('Synced'), right.untilStatus('Synced')])
})
