import { launchChromium, makeProfile } from '@headwater/testkit/browser'
import type { Page } from 'playwright-core'
import { fileURLToPath } from 'node:url'
import type { ServerResponse } from 'node:http'
import { servePages } from '../../../packages/adapter-web/test/browser/PageServer.ts'
import { PageProfiles } from './PageProfiles.ts'
import { holdPath, thawPath } from './TabChannel.ts'

/** A Chromium of its own, with a new profile. */
export interface BenchBrowser {
  /** Opens a page of this folder in a tab of its own; resolves when it has loaded. */
  readonly open: (path: string) => Promise<Page>
}

const pagesFolder = fileURLToPath(new URL('.', import.meta.url))

/**
 * What a production host sends, so that the browser keeps scripts and their compiled code; and cross-origin isolation,
 * which nothing of ours needs: with it the page's clock tells 5 µs instead of 100.
 */
const headers = {
  'cache-control': 'public, max-age=3600',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/** Answers `holdPath` when `thawPath` is asked for. */
const makeHold = (): ((path: string, response: ServerResponse) => boolean) => {
  let held: ServerResponse | undefined
  return (path, response) => {
    if (path !== holdPath && path !== thawPath) return false
    const end = (answered: ServerResponse | undefined): void =>
      void answered?.writeHead(204, { 'cache-control': 'no-store' }).end()
    if (path === holdPath) held = response
    else {
      end(held)
      end(response)
    }
    return true
  }
}

/** Where this run's profiles go, if it is not measured: the harness sets it with `--profile`. */
const profileFolder = process.env['HEADWATER_BENCH_PROFILES']

/** Builds the pages as an app's production build does, serves them, and starts a browser; all of it ends with `use`. */
export const withBenchBrowser = async <A>(use: (browser: BenchBrowser) => Promise<A>): Promise<A> => {
  const server = await servePages(['BenchPage', 'ColdPage'], pagesFolder, {
    // Profiles are read by people.
    isMinified: profileFolder === undefined,
    headers,
    answer: makeHold(),
  })
  const profile = makeProfile()
  const profiles = profileFolder === undefined ? null : new PageProfiles(profileFolder)
  const chromium = await launchChromium(profile.path)
  // A run that is ended takes its browser with it.
  const stop = (): void => void chromium.kill().then(() => process.exit(1))
  process.once('SIGTERM', stop).once('SIGINT', stop)
  try {
    const result = await use({
      open: async (path) => {
        const page = await chromium.context.newPage()
        page.on('pageerror', (error) => console.error(error))
        await profiles?.add(page)
        await page.goto(`${server.url}/${path}`)
        return page
      },
    })
    await profiles?.save()
    return result
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop)
    await chromium.close()
    await server.close()
    profile.remove()
  }
}
