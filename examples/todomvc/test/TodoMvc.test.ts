/** TodoMVC's specification, in a real Chromium, on the production build. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
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

// A browser has six connections for a server without HTTP/2, and each list keeps one.
afterEach(async () => {
  for (const page of chromium.context.pages()) await page.close()
})

let lists = 0

/** A list of its own for each test. */
const listUrl = (): string => `${app.url}?list=list-${(lists += 1)}`

const openPage = async (url = listUrl()): Promise<TodoPage> => await TodoPage.open(chromium.context, url)

const three = ['buy milk', 'feed the cat', 'call mum'] as const

const openThree = async (): Promise<TodoPage> => {
  const page = await openPage()
  await page.add(...three)
  return page
}

describe('new todos', () => {
  test('without todos there is only the input, which has the focus', async () => {
    const { page, newTodo } = await openPage()
    expect(await newTodo.evaluate((input) => input === document.activeElement)).toBe(true)
    expect(await page.locator('.main').count()).toBe(0)
    expect(await page.locator('.footer').count()).toBe(0)
  })

  test('Enter adds to the end, without white space around, and empties the input', async () => {
    const todos = await openPage()
    await todos.add('  buy milk ', 'feed the cat')
    expect(await todos.shown()).toEqual(['buy milk', 'feed the cat'])
    expect(await todos.newTodo.inputValue()).toBe('')
  })

  test('nothing but white space adds nothing', async () => {
    const todos = await openPage()
    await todos.add('   ', '')
    expect(await todos.shown()).toEqual([])
    expect(await todos.newTodo.inputValue()).toBe('')
  })

  test('a title is text, whatever it looks like', async () => {
    const todos = await openPage()
    await todos.add('<b>bold</b> & "quoted"')
    expect(await todos.shown()).toEqual(['<b>bold</b> & "quoted"'])
  })
})

describe('completing', () => {
  test('the counter says how many are left, and one item is an item', async () => {
    const todos = await openThree()
    const count = todos.page.getByTestId('todo-count')
    expect(await count.textContent()).toBe('3 items left')
    await todos.items.nth(0).getByRole('checkbox').check()
    await todos.items.nth(1).getByRole('checkbox').check()
    expect(await count.textContent()).toBe('1 item left')
    expect(await count.locator('strong').textContent()).toBe('1')
    expect(await todos.shown()).toEqual(['✓ buy milk', '✓ feed the cat', 'call mum'])
    await todos.items.nth(0).getByRole('checkbox').uncheck()
    expect(await count.textContent()).toBe('2 items left')
  })

  test('all are completed and reopened at once; the box follows the todos', async () => {
    const todos = await openThree()
    const all = todos.page.getByLabel('Mark all as complete')
    await todos.page.locator('label[for=toggle-all]').click()
    expect(await todos.shown()).toEqual(three.map((title) => `✓ ${title}`))
    expect(await all.isChecked()).toBe(true)
    await todos.items.nth(1).getByRole('checkbox').uncheck()
    expect(await all.isChecked()).toBe(false)
    await todos.items.nth(1).getByRole('checkbox').check()
    expect(await all.isChecked()).toBe(true)
    await todos.page.locator('label[for=toggle-all]').click()
    expect(await todos.shown()).toEqual(three)
  })

  test('the completed ones are cleared; without any there is no button', async () => {
    const todos = await openThree()
    const clear = todos.page.getByRole('button', { name: 'Clear completed' })
    expect(await clear.count()).toBe(0)
    await todos.items.nth(1).getByRole('checkbox').check()
    await clear.click()
    expect(await todos.shown()).toEqual(['buy milk', 'call mum'])
    expect(await clear.count()).toBe(0)
  })
})

describe('editing', () => {
  const edit = async (todos: TodoPage, index: number) => {
    await todos.page.getByTestId('todo-title').nth(index).dblclick()
    return todos.page.getByRole('textbox', { name: 'Edit' })
  }

  test('a double click edits, in place of everything else of the item', async () => {
    const todos = await openThree()
    const input = await edit(todos, 1)
    expect(await input.inputValue()).toBe('feed the cat')
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await todos.page.locator('li.editing').count()).toBe(1)
    expect(await todos.page.locator('li.editing').getByRole('checkbox').count()).toBe(0)
  })

  test('Enter saves, without white space around', async () => {
    const todos = await openThree()
    const input = await edit(todos, 1)
    await input.fill('  feed both cats ')
    await input.press('Enter')
    expect(await todos.shown()).toEqual(['buy milk', 'feed both cats', 'call mum'])
    expect(await todos.page.locator('li.editing').count()).toBe(0)
  })

  test('leaving the input saves', async () => {
    const todos = await openThree()
    await (await edit(todos, 0)).fill('buy oat milk')
    await todos.newTodo.click()
    expect(await todos.shown()).toEqual(['buy oat milk', 'feed the cat', 'call mum'])
  })

  test('Escape does not', async () => {
    const todos = await openThree()
    const input = await edit(todos, 0)
    await input.fill('something else')
    await input.press('Escape')
    expect(await todos.shown()).toEqual(three)
    expect(await todos.page.locator('li.editing').count()).toBe(0)
  })

  test('an empty title removes the todo, and so does its button', async () => {
    const todos = await openThree()
    const input = await edit(todos, 0)
    await input.fill('  ')
    await input.press('Enter')
    expect(await todos.shown()).toEqual(['feed the cat', 'call mum'])
    await todos.items.nth(0).hover()
    await todos.items.nth(0).getByRole('button').click()
    expect(await todos.shown()).toEqual(['call mum'])
  })
})

test('routes filter, are marked as selected, and the browser’s buttons go through them', async () => {
  const todos = await openThree()
  const { page } = todos
  await todos.items.nth(1).getByRole('checkbox').check()
  await page.getByRole('link', { name: 'Active' }).click()
  expect(await todos.shown()).toEqual(['buy milk', 'call mum'])
  expect(await page.locator('.filters .selected').textContent()).toBe('Active')
  await page.getByRole('link', { name: 'Completed' }).click()
  expect(await todos.shown()).toEqual(['✓ feed the cat'])
  expect(new URL(page.url()).hash).toBe('#/completed')
  await page.goBack()
  await todos.untilShown(['buy milk', 'call mum'])
  await page.goBack()
  await todos.untilShown(['buy milk', '✓ feed the cat', 'call mum'])
  await page.goForward()
  await todos.untilShown(['buy milk', 'call mum'])
  await todos.items.nth(0).getByRole('checkbox').click()
  // Completed meanwhile: it is active no more.
  expect(await todos.shown()).toEqual(['call mum'])
})

test('a reload has everything, but for what was being edited', async () => {
  const todos = await openThree()
  await todos.items.nth(1).getByRole('checkbox').check()
  await todos.page.getByRole('link', { name: 'Completed' }).click()
  await todos.page.getByTestId('todo-title').nth(0).dblclick()
  await todos.page.reload()
  await todos.untilShown(['✓ feed the cat'])
  expect(await todos.page.locator('li.editing').count()).toBe(0)
  await todos.page.getByRole('link', { name: 'All' }).click()
  expect(await todos.shown()).toEqual(['buy milk', '✓ feed the cat', 'call mum'])
})

test('everything works by keyboard, and the focus is never lost', async () => {
  const todos = await openThree()
  const { page } = todos
  const focused = () =>
    page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName)
  const { keyboard } = page
  await keyboard.press('Tab')
  await keyboard.press('Tab')
  expect(await focused()).toBe('buy milk')
  await keyboard.press('Space')
  expect(await todos.shown()).toEqual(['✓ buy milk', 'feed the cat', 'call mum'])
  await keyboard.press('Enter')
  await keyboard.type(' and bread')
  await keyboard.press('Enter')
  expect(await todos.shown()).toEqual(['✓ buy milk and bread', 'feed the cat', 'call mum'])
  expect(await focused()).toBe('buy milk and bread')
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  expect(await todos.shown()).toEqual(['feed the cat', 'call mum'])
  expect(await focused()).toBe('Delete feed the cat')
  await keyboard.press('Enter')
  await keyboard.press('Enter')
  expect(await todos.shown()).toEqual([])
  expect(await focused()).toBe('New todo')
})

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

test.each([
  ['light', 1100],
  ['dark', 1100],
  ['light', 360],
  ['dark', 360],
] as const)('a screen reader finds nothing to complain about: %s, %i pixels wide', async (colorScheme, width) => {
  const todos = await openThree()
  const { page } = todos
  await page.setViewportSize({ width, height: 800 })
  await page.emulateMedia({ colorScheme })
  await todos.items.nth(1).getByRole('checkbox').check()
  await todos.setOffline(true)
  await todos.untilStatus('Offline')
  await page.addScriptTag({ path: axe })
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      readonly axe: {
        readonly run: () => Promise<{
          readonly violations: ReadonlyArray<{ readonly id: string; readonly help: string }>
        }>
      }
    }
    return (await axe.run()).violations.map(({ id, help }) => `${id}: ${help}`)
  })
  await todos.setOffline(false)
  expect(violations).toEqual([])
  // Nothing sticks out to the side.
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
})
