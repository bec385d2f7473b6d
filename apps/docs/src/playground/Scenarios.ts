/** Conflicts to watch: each is what two people might do, at the speed at which it can be followed. */
import type { Playground } from './Playground.ts'
import type { PlaygroundClient } from './PlaygroundClient.ts'

export interface Scenario {
  readonly title: string
  readonly text: string
  readonly run: (playground: Playground) => Promise<void>
}

const synced = async (playground: Playground): Promise<void> => {
  for (const client of playground.clients) client.setOnline(true)
  await Promise.all(playground.clients.map(({ store }) => store.until(({ isSynced }) => isSynced)))
}

/** An item that both have, made if there is none. */
const sharedItem = async (playground: Playground, text: string): Promise<string> => {
  const [ann] = playground.clients as [PlaygroundClient, PlaygroundClient]
  await synced(playground)
  ann.add(text)
  const { id } = ann.rows.at(-1)!
  await synced(playground)
  const ben = playground.clients[1]!
  await ben.store.until(() => ben.rows.some((row) => row.id === id))
  return id
}

/** Both offline, one after the other does something, one after the other comes back. */
const apart = async (playground: Playground, act: (client: PlaygroundClient) => void): Promise<void> => {
  const { clients } = playground
  for (const client of clients) client.setOnline(false)
  for (const client of clients) act(client)
  for (const client of clients) {
    client.setOnline(true)
    await client.store.until(({ isSynced }) => isSynced)
  }
  await synced(playground)
}

export const scenarios: ReadonlyArray<Scenario> = [
  {
    title: 'Both add something offline',
    text: 'Ann comes back first. Ben’s event goes behind hers: a rebase, and nothing is lost.',
    run: (playground) => apart(playground, (client) => client.add(client.name === 'Ann' ? 'bread' : 'cheese')),
  },
  {
    title: 'Both rename the same item',
    text: 'The later one in the server’s order wins, at both.',
    run: async (playground) => {
      const id = await sharedItem(playground, 'milk')
      await apart(playground, (client) => client.rename(id, client.name === 'Ann' ? 'oat milk' : 'soy milk'))
    },
  },
  {
    title: 'Both say that they buy it',
    text: 'Only one can: the other’s event stays in the log without effect, and the app is told.',
    run: async (playground) => {
      const id = await sharedItem(playground, 'coffee')
      await apart(playground, (client) => client.take(id))
    },
  },
  {
    title: 'The server refuses',
    text: 'Ann writes “pizza”, which this server does not take. Her other events go on.',
    run: async (playground) => {
      await synced(playground)
      const [ann] = playground.clients as [PlaygroundClient, PlaygroundClient]
      ann.add('pizza')
      ann.add('salad')
      await synced(playground)
    },
  },
]
