/** What a partition closes: everything that passes through a proxy waits in front of it. */
export interface FaultGate {
  /** Resolves once the gate is open, at once if it is. */
  readonly passed: () => Promise<void> | undefined
  readonly shut: () => void
  readonly open: () => void
}

export const faultGate = (): FaultGate => {
  let opened: PromiseWithResolvers<void> | null = null
  return {
    passed: () => opened?.promise,
    shut: () => void (opened ??= Promise.withResolvers<void>()),
    open: () => {
      opened?.resolve()
      opened = null
    },
  }
}
