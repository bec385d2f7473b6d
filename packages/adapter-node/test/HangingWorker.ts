/** The real leader worker, which hangs when it is told to. */
import '../src/LeaderWorker.ts'

process.on('workerMessage', (message: unknown) => {
  if (message !== 'hang') return
  for (;;) Math.sqrt(2)
})
