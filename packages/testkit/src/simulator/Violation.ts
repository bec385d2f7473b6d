/** A law or a property that does not hold. **Shape** `message` begins with its name: `P3: …`. */
export class Violation extends Error {}

/** **Fails with** `Violation`. `detail` is only computed then. */
export const must = (holds: boolean, law: string, detail: () => string): void => {
  if (!holds) throw new Violation(`${law}: ${detail()}`)
}
