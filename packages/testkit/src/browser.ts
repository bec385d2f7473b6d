/** A real Chromium for tests; needs the packages `playwright-core` and, where no browser is installed, `@sparticuz/chromium`. */
export { type BrowserProfile, type Chromium, launchChromium, makeProfile } from './Chromium.ts'
