/** Does what the parent process orders, one thing after the other, and answers each with what came of it. See OrderedProcess.ts. */
export const obeyParent = <Order, Answer>(ready: Answer, obey: (order: Order) => Promise<Answer>): void => {
  let before = Promise.resolve()
  process.on('message', ({ n, order }: { readonly n: number; readonly order: Order }) => {
    before = before.then(async () => {
      const answer = await obey(order)
      process.send?.({ n, answer })
    })
  })
  // The run is over, or was stopped.
  process.once('disconnect', () => process.exit(0))
  process.send?.({ n: 0, answer: ready })
}

/** **Units** µs of the machine's monotonic clock, which all processes share. */
export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n)
