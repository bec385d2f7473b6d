/** Prints what SQLite costs in Chromium, a line a figure: `node packages/adapter-web/test/browser/measure.ts`. */
import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import { servePages } from './PageServer.ts'
import { askSuite } from './SuitePage.ts'

const profile = makeProfile()
const server = await servePages(['Measure'])
const chromium = await launchChromium(profile.path)
try {
  const page = await chromium.context.newPage()
  await page.goto(`${server.url}/Measure`)
  const { cases = [], failure } = await askSuite(page, { list: true })
  if (failure !== undefined) throw new Error(failure)
  for (const { name } of cases) {
    const answer = await askSuite(page, { run: name })
    if (answer.failure !== undefined) throw new Error(answer.failure)
    console.log(`MEASURED ${String(answer.value as string)}`)
  }
} finally {
  await chromium.close()
  await server.close()
  profile.remove()
}
