/** `bundle.ts ENTRY OUTFILE` makes one JavaScript file of a module and of what it needs of ours. */
import { buildSync } from 'esbuild'

const [entry = '', outfile = ''] = process.argv.slice(2)
buildSync({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  external: ['better-sqlite3', 'effect', 'pg'],
  logLevel: 'warning',
})
