/**
 * Who commits what: authors become clients. The most active ones have a client each, all the others share the last one;
 * with fewer authors than clients the commits are dealt out by a seeded hash.
 */
import type { HistoryCommit } from './GitHistory.ts'
import { seededHash } from './Random.ts'

export interface ClientShare {
  /** For people: whose commits these are. */
  readonly label: string
  /** Oldest first. */
  readonly commits: ReadonlyArray<HistoryCommit>
}

/** **Shape** `commits`: oldest first, each sha once. */
export const dealShares = (
  commits: ReadonlyArray<HistoryCommit>,
  clients: number,
  seed: number,
): ReadonlyArray<ClientShare> => {
  const countByAuthor = new Map<string, number>()
  for (const { author } of commits) countByAuthor.set(author, (countByAuthor.get(author) ?? 0) + 1)
  const ranked = [...countByAuthor].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([author]) => author)
  const isByAuthor = ranked.length >= clients
  const clientOf = new Map(ranked.map((author, rank) => [author, Math.min(rank, clients - 1)]))
  const shares = Array.from({ length: clients }, (): Array<HistoryCommit> => [])
  for (const commit of commits) {
    const client = isByAuthor ? (clientOf.get(commit.author) ?? 0) : seededHash(commit.sha, seed) % clients
    shares[client]?.push(commit)
  }
  return shares.map((share, client) => ({
    label: isByAuthor ? labelOf(ranked, client, clients) : 'dealt by hash',
    commits: share,
  }))
}

const labelOf = (ranked: ReadonlyArray<string>, client: number, clients: number): string => {
  const others = ranked.length - clients
  return client === clients - 1 && others > 0 ? `${ranked[client] ?? ''} and ${others} more` : (ranked[client] ?? '')
}
