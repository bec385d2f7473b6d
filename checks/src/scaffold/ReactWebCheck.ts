/** The web template as its user meets it: the dev server, a browser, two windows, a reload. */
import { mustBe } from './Expectation.ts'
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { startNode } from '../workspace/Background.ts'
import type { ScaffoldedProject } from './ScaffoldedProject.ts'

/** **Shape**  what was seen to work. **Fails with** the first thing that did not. */
export const checkReactWeb = async (project: ScaffoldedProject): Promise<ReadonlyArray<string>> => {
  await project.npm('test')
  await project.npm('run', 'check')
  await project.npm('run', 'build')
  // `npm run dev` itself: what runs is the script of the package, without npm between us and its end.
  const dev = await startNode(['dev/main.ts', '--port', '0'], { cwd: project.folder, ready: /Open (http:\S+)/ })
  const profile = makeProfile()
  const chromium = await launchChromium(profile.path)
  try {
    const url = dev.match[1]!
    const first = await chromium.context.newPage()
    const errors: Array<string> = []
    first.on('pageerror', (error) => errors.push(error.message))
    await first.goto(url)
    await first.getByLabel('New todo').fill('milk')
    await first.getByLabel('New todo').press('Enter')
    await first.getByText('Synced').waitFor()
    // A second window of the same browser, and one that is another device.
    const second = await chromium.context.newPage()
    await second.goto(url)
    await second.getByText('milk').waitFor()
    const stranger = await (await chromium.browser.newContext()).newPage()
    await stranger.goto(url)
    await stranger.getByRole('checkbox').check()
    await first.getByRole('checkbox', { checked: true }).waitFor()
    await first.reload()
    await first.getByRole('checkbox', { checked: true }).waitFor()
    mustBe(errors.length === 0, `the page failed: ${errors.join('; ')}`)
  } finally {
    await chromium.close()
    profile.remove()
    // Vite has a handler of its own, which ends with 128 + 15.
    const code = await dev.end()
    mustBe(code === 0 || code === 143, `dev/main.ts ends with ${code} on SIGTERM`)
  }
  return ['tests', 'types', 'build', 'a todo in two windows, on another device and after a reload']
}
