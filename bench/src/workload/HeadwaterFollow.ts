import type { FollowStores, OpenFollowStores } from '../FollowLoop.ts'
import type { FollowerAnswer, FollowerOrder } from '../Follower.ts'
import type { StorePlace } from '../StorePlace.ts'
import { openTodoStore, todoCreated } from '../TodoStore.ts'

/** The second session, seen from the first one. */
export interface FollowerLine extends Pick<FollowStores, 'now' | 'freeze'> {
  /** Resolves with what the second session says next. */
  readonly order: (order: FollowerOrder) => Promise<FollowerAnswer>
}

/** `openFollower` starts the second session, resolving when it is ready. */
export const openHeadwaterFollow =
  ({ adapter, storedChecksum }: StorePlace, openFollower: () => Promise<FollowerLine>): OpenFollowStores =>
  async () => {
    const { store, checksum } = await openTodoStore(adapter)
    const { now, freeze, order } = await openFollower()
    return {
      now,
      freeze,
      commit: (events) => void store.commit(...events.map((args) => todoCreated(args))),
      followed: async (count) => {
        const answer = await order({ await: count })
        return typeof answer === 'object' && 'atMs' in answer ? answer.atMs : NaN
      },
      persisted: async () => {
        await store.until(({ session }) => session.pending === 0)
      },
      close: async () => {
        const answer = await order('close')
        const followers = typeof answer === 'object' && 'checksum' in answer ? answer.checksum : ''
        const ours = checksum()
        await store.close()
        return `${ours}-${followers}-${await storedChecksum()}`
      },
    }
  }
