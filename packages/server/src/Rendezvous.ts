import { createHash } from 'node:crypto'

/**
 * Which of several databases a new store goes to: the one with the highest hash of its id and the store's (rendezvous, or
 * highest random weight). Of n databases each gets 1/n; one that joins or leaves changes the answer for 1/n of all stores, and for
 * no others.
 *
 * **Shape** `databaseIds`: at least one, in any order.
 *
 * **Source**  Thaler and Ravishankar, "A name-based mapping scheme for rendezvous", 1996.
 */
export const rendezvous = (storeId: string, databaseIds: ReadonlyArray<string>): string => {
  let [best, highest] = ['', '']
  for (const databaseId of databaseIds) {
    // Neither id holds a space, so no two pairs have one text.
    const weight = createHash('sha256').update(`${databaseId} ${storeId}`).digest('hex')
    if (weight > highest) [best, highest] = [databaseId, weight]
  }
  return best
}
