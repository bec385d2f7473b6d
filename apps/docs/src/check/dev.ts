/** `pnpm docs:dev`: the site at an address of this machine, made anew with every change of a page. */
import { astro } from './Astro.ts'

await astro(['dev'])
