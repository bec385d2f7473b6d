/** Why nothing was made, in one line that says what to do. */
export class ScaffoldRefused extends Error {
  override readonly name = 'ScaffoldRefused'
}
