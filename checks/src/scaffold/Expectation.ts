/** What a scaffolded project did not do. */
export class ExpectationFailed extends Error {}

export const mustBe: (holds: boolean, otherwise: string) => asserts holds = (holds, otherwise) => {
  if (!holds) throw new ExpectationFailed(otherwise)
}
