import * as Schema from 'effect/Schema'

/** This machine lacks something the adapter cannot do without. Nothing was opened or written. */
export class UnsupportedPlatform extends Schema.TaggedError<UnsupportedPlatform>(
  '@headwater/adapter-node/UnsupportedPlatform',
)('UnsupportedPlatform', {
  /** What is lacking, e.g. `Node.js` or `better-sqlite3`. */
  capability: Schema.String,
  found: Schema.String,
  needed: Schema.String,
  /** What to do about it: one sentence. */
  advice: Schema.String,
}) {
  override get message(): string {
    return `Headwater needs ${this.capability} ${this.needed}, but found ${this.found}. ${this.advice}`
  }
}

/** The oldest Node that Effect 4.1 and better-sqlite3 13 both run on. */
const oldest = [22, 19] as const

/**
 * Checks the Node version before the native addon is loaded: on Node 20 better-sqlite3 13 opens a database with a
 * segmentation fault and without a word.
 *
 * **Fails with** `UnsupportedPlatform`.
 */
export const requireNodeVersion = (version: string = process.versions.node): void => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return
  throw new UnsupportedPlatform({
    capability: 'Node.js',
    found: version,
    needed: `${oldest.join('.')} or newer`,
    advice: 'Install a current Node.js (https://nodejs.org) and start again with it.',
  })
}
