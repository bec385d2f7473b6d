import { type ChildProcess, fork } from 'node:child_process'

const running = new Set<ChildProcess>()

// A process that is stopped does not notice that its owner is gone.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a bundled script with its options; whatever it writes is handed to `onText`. It does not outlive this process. */
export const startChild = (script: string, options: object, onText: (text: string) => void): ChildProcess => {
  const child = fork(script, [JSON.stringify(options)], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => onText(text.toString().trim()))
  return child
}

/** SIGKILL; resolves when nothing of the process is left. */
export const killChild = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await gone
}
