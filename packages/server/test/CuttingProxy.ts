import { type Server, type Socket, connect, createServer } from 'node:net'

/** A TCP proxy in front of a server that can lose answers: the request goes through, the answer does not come back. */
export interface CuttingProxy {
  readonly url: string
  /** The next answer to a POST cuts its connection instead of arriving. */
  readonly cutNextPushAnswer: () => void
  /** From now on nothing more of the request goes through, once `bytes` of a POST have: cuts in mid-body. */
  readonly cutNextPushAfter: (bytes: number) => void
  readonly close: () => Promise<void>
}

interface Plan {
  answersToCut: number
  cutAfterBytes: number | undefined
}

export const cuttingProxy = async (target: () => number): Promise<CuttingProxy> => {
  const plan: Plan = { answersToCut: 0, cutAfterBytes: undefined }
  const sockets = new Set<Socket>()
  const server = createServer((client) => join(client, target(), plan, sockets))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    cutNextPushAnswer: () => {
      plan.answersToCut += 1
    },
    cutNextPushAfter: (bytes) => {
      plan.cutAfterBytes = bytes
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

const portOf = (server: Server): number => {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

const join = (client: Socket, port: number, plan: Plan, sockets: Set<Socket>): void => {
  const upstream = connect(port, '127.0.0.1')
  let isPush = false
  let pushed = 0
  const end = (): void => {
    client.destroy()
    upstream.destroy()
    sockets.delete(client)
  }
  sockets.add(client)
  client.on('data', (data) => {
    const head = data.subarray(0, 5).toString('latin1')
    if (head.startsWith('POST ') || head.startsWith('GET ')) {
      isPush = head.startsWith('POST ')
      pushed = 0
    }
    pushed += data.length
    if (isPush && plan.cutAfterBytes !== undefined && pushed > plan.cutAfterBytes) {
      plan.cutAfterBytes = undefined
      return end()
    }
    upstream.write(data)
  })
  upstream.on('data', (data) => {
    if (isPush && plan.answersToCut > 0) {
      plan.answersToCut -= 1
      return end()
    }
    client.write(data)
  })
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
}
