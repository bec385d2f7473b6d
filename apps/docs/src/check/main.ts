/** `pnpm docs:check`: the site is built. */
import { astro } from './Astro.ts'

await astro(['build'])
