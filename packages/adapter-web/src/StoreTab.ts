/**
 * One store in one page: the page's part in the election, and its way to whoever leads. All sessions of the page share it.
 *
 * **Election.** Every tab that has the store open holds or waits for the *candidate* lock. Whoever gets it starts a worker,
 * and holds it until that worker is gone. The worker takes the *store's* lock, which guards the files. So when a tab
 * goes, however it goes, the browser frees both, and the next tab leads: nobody has to notice anything. One tab is next,
 * it holds a lock for that and has a worker ready, with SQLite loaded; all others wait for that place.
 *
 * | What happens to the leader's tab           | Noticed by                                   | Then                                   |
 * | ------------------------------------------ | -------------------------------------------- | -------------------------------------- |
 * | closed, crashed, killed, navigated away    | the browser frees its locks                  | the next in line leads                 |
 * | frozen, put into the back/forward cache    | its own `freeze`, `pagehide`                 | ends its worker first: as above        |
 * | its worker has crashed                     | its own page is given the store's lock       | it lets go of its candidacy, stands again |
 * | its worker hangs                           | heartbeat of any session; its own page       | its page ends the worker; or as below  |
 * | stopped, with everything in it             | heartbeat of any session                     | that session's tab steals the locks    |
 * | it wakes up after that                     | it is told that its candidacy was stolen     | ends its worker, joins the new leader  |
 *
 * Of several tabs that notice the same, one gets the *replacer* lock and steals. A tab that holds the candidacy and does
 * nothing (frozen the moment it got it) is found by those who wait for a leader: {@link stallMs} without a sign.
 */
import { LeaderLine } from './LeaderLine.ts'
import {
  candidateLock,
  type LeaderName,
  nextLock,
  replacerLock,
  sessionLock,
  type StoreCall,
  storeName,
  type StorePlace,
} from './LeaderWire.ts'
import { type LinePort, messageLinePort, relayLinePort } from './LinePort.ts'
import { brokerChannel } from './PortBroker.ts'
import { type HeldLock, takeLock } from './StoreLock.ts'
import type { TabBroker } from './TabBroker.ts'
import { type StartWorker, TabWorker } from './TabWorker.ts'
import { AdapterOutdated } from './WebLeaderError.ts'

export interface StoreTabOptions extends StorePlace {
  readonly startWorker: StartWorker
  /** `null`: messages are relayed. */
  readonly broker: TabBroker | null
  readonly protocol: number
}

/** A session of this tab. */
export interface TabSession {
  /** Another leader, or none for the moment. */
  readonly onLeader: (leader: LeaderName | null) => void
}

/** How long nobody leads and nobody says that he starts before a tab takes over. **Units** ms. */
const stallMs = 2000
/** How often a tab that starts a worker says so, and one that waits asks. **Units** ms. */
const signMs = 500
/** How long a leader may take to accept a session. A worker that is busy for longer counts as hung anyway. **Units** ms. */
const acceptMs = 1000
/** After a worker that could not lead, before the next one. **Units** ms. */
const restMs = 250

/** A steal is for a leader that hangs, whose worker keeps its files, or for one of an older protocol. */
type Steal = 'hung' | 'older'

interface Waiter {
  readonly resolve: (leader: LeaderName) => void
  readonly reject: (error: unknown) => void
}

export class StoreTab {
  readonly #options: StoreTabOptions
  readonly #store: string
  readonly #sessions = new Set<TabSession>()
  readonly #waiters = new Set<Waiter>()
  #channel: BroadcastChannel | null = null
  #brokerNews: BroadcastChannel | null = null
  #leader: LeaderName | null = null
  #worker: TabWorker | null = null
  /** The name under which this tab's worker leads, or will. */
  #name: LeaderName | null = null
  /** This tab is next. */
  #next: HeldLock | null = null
  /** A worker that waits for this tab's turn. */
  #ready: TabWorker | null = null
  /** The present lead of this tab, or its last one. */
  #leading: Promise<boolean> = Promise.resolve(true)
  /** Lines that nobody has accepted yet. */
  readonly #joining = new Set<LeaderLine>()
  /** This tab stands for election; settles when it does no more. */
  #standing: Promise<void> | null = null
  #wait = new AbortController()
  #steal: Steal | null = null
  #replacer: HeldLock | null = null
  #isSuspended = false
  /** When a leader, or somebody who starts one, was last heard of. */
  #signAt = 0

  constructor(options: StoreTabOptions) {
    this.#options = options
    this.#store = storeName(options.directory, options.storeId)
  }

  /** A session of this tab begins: the tab stands for election from the first one on. */
  enter(session: TabSession): void {
    this.#sessions.add(session)
    this.#open()
  }

  /**
   * A session has left. `hasEnded`: it was its leader's last one; resolves when nothing of that is left then, if this tab
   * had it.
   */
  async exit(session: TabSession, hasEnded: boolean): Promise<void> {
    if (!this.#sessions.delete(session)) return
    if (this.#sessions.size === 0) {
      this.#wait.abort()
      this.#worker?.post({ is: 'end-if-unused' })
    }
    if (hasEnded) await this.#leading
  }

  /**
   * Who leads, as soon as somebody does. **Fails with** whatever kept this tab's worker from leading, `AdapterOutdated`,
   * the signal's reason.
   */
  async leader(signal: AbortSignal): Promise<LeaderName> {
    signal.throwIfAborted()
    const known = this.#leader
    if (known !== null && known.protocol > this.#options.protocol) throw this.#outdated(known)
    if (known !== null && known.protocol === this.#options.protocol) return known
    return await new Promise<LeaderName>((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter)
        clearInterval(timer)
        signal.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        resolve: (leader) => (end(), resolve(leader)),
        reject: (error) => (end(), reject(error as Error)),
      }
      const abort = (): void => waiter.reject(signal.reason)
      signal.addEventListener('abort', abort)
      const timer = setInterval(() => this.#lookAgain(), signMs)
      this.#waiters.add(waiter)
      this.#signAt = performance.now()
      this.#say({ is: 'who' })
    })
  }

  /** A line to that leader; `null` if it does not answer. It is not waited for any more then. */
  async connect(leader: LeaderName): Promise<LeaderLine | null> {
    const isOwn = this.#name?.leader === leader.leader
    for (const way of isOwn ? (['direct'] as const) : (['brokered', 'relayed'] as const)) {
      const connection = crypto.randomUUID()
      const lock = await takeLock(sessionLock(connection))
      const port = await this.#reach(way, leader, connection)
      const line = port === null ? null : new LeaderLine(leader.leader, port, lock!)
      if (line === null) await lock!.release()
      else if (await this.#isAccepted(line)) return line
      if (this.#leader?.leader !== leader.leader) return null
    }
    this.lost(leader.leader)
    return null
  }

  /** Hangs up if nobody answers. */
  async #isAccepted(line: LeaderLine): Promise<boolean> {
    const timer = setTimeout(() => line.close(), acceptMs)
    this.#joining.add(line)
    const accepted = await line.accepted
    this.#joining.delete(line)
    clearTimeout(timer)
    return accepted
  }

  /** A line to that leader has closed: it is believed again when it says that it leads. */
  lost(leader: string): void {
    if (this.#leader?.leader === leader) this.#follow(null)
  }

  /** That leader has not answered for too long. */
  async replace(leader: string): Promise<void> {
    this.lost(leader)
    // Its own tab can end it. Whoever is next in line leads.
    if (this.#name?.leader === leader) return this.#worker?.terminate()
    await this.#takeOver('hung')
  }

  /** The page is about to be frozen: others must not wait for it. */
  suspend(): void {
    if (this.#isSuspended) return
    this.#isSuspended = true
    this.#wait.abort()
    // The end of the wait comes too late.
    void this.#next?.release()
    // A worker that was asked to end might be frozen before it has: with lock and files.
    this.#worker?.terminate()
    this.#follow(null)
    // What is said meanwhile would throw the page out of the back/forward cache.
    this.#close()
  }

  resume(): void {
    if (!this.#isSuspended) return
    this.#isSuspended = false
    this.#signAt = performance.now()
    if (this.#sessions.size === 0) return
    this.#open()
    this.#say({ is: 'who' })
  }

  // ---------------------------------------------------------------------------------------------------- election

  #open(): void {
    if (this.#channel === null) {
      this.#channel = new BroadcastChannel(this.#store)
      this.#channel.addEventListener('message', ({ data }: MessageEvent<StoreCall>) => this.#hear(data))
    }
    this.#standing ??= this.#stand()
  }

  #close(): void {
    this.#channel?.close()
    this.#channel = null
    this.#leader = null
  }

  async #stand(): Promise<void> {
    while (this.#sessions.size > 0 && !this.#isSuspended) {
      this.#wait = new AbortController()
      const steal = this.#steal
      const lock =
        steal === null ? await this.#waitInLine() : await takeLock(candidateLock(this.#store), { steal: true })
      // Left, suspended, or about to steal.
      if (lock === null) continue
      this.#steal = null
      this.#leading = this.#lead(lock, steal === 'hung')
      if (!(await this.#leading)) await waited(restMs, this.#wait.signal)
    }
    this.#ready?.terminate()
    this.#ready = null
    this.#standing = null
    this.#steal = null
    await this.#letReplace()
    // A session may have come, or the page may have been shown again, while the last lock was let go.
    if (this.#standing !== null) return
    if (this.#sessions.size > 0 && !this.#isSuspended) this.#open()
    else this.#close()
  }

  /** The candidacy, when it is this tab's turn; whoever is next gets a worker ready meanwhile. */
  async #waitInLine(): Promise<HeldLock | null> {
    const { signal } = this.#wait
    const next = await takeLock(nextLock(this.#store), { signal })
    if (next === null) return null
    this.#next = next
    this.#ready ??= this.#startWorker()
    const lock = await takeLock(candidateLock(this.#store), { signal })
    this.#next = null
    await next.release()
    return lock
  }

  /** `null` where that throws: it is tried again, and told, when it is needed. */
  #startWorker(): TabWorker | null {
    try {
      return new TabWorker(this.#options.startWorker)
    } catch {
      return null
    }
  }

  /** Leads with a worker, until that is gone. Answers whether it could. */
  async #lead(lock: HeldLock, isTakeOver: boolean): Promise<boolean> {
    const { storeId, directory, startWorker, protocol } = this.#options
    const name: LeaderName = { leader: crypto.randomUUID(), protocol }
    this.#starting()
    const signs = setInterval(() => this.#starting(), signMs)
    try {
      const worker = this.#ready ?? new TabWorker(startWorker)
      this.#ready = null
      this.#worker = worker
      this.#name = name
      void lock.stolen.then(() => worker.terminate())
      const leading = worker.lead({ is: 'lead', storeId, directory, isTakeOver, ...name })
      // Before it says that it leads: others come at once.
      this.#register(worker, name)
      if (!(await leading)) return false
      clearInterval(signs)
      await this.#letReplace()
      this.#follow(name)
      if (this.#sessions.size === 0) worker.post({ is: 'end-if-unused' })
      await worker.ended
      return true
    } catch (error) {
      this.#fail(error)
      return false
    } finally {
      clearInterval(signs)
      this.#worker = null
      this.#name = null
      this.#brokerNews?.close()
      this.lost(name.leader)
      await this.#letReplace()
      await lock.release()
    }
  }

  async #takeOver(why: Steal): Promise<void> {
    if (this.#isSuspended || this.#sessions.size === 0 || this.#worker !== null || this.#steal !== null) return
    const replacer = await takeLock(replacerLock(this.#store), { ifAvailable: true })
    if (replacer === null) return
    const isFound = this.#leader !== null && why === 'hung'
    if (isFound || this.#worker !== null || this.#standing === null) return await replacer.release()
    this.#replacer = replacer
    this.#steal = why
    // The wait in line ends, and the loop goes on with the theft.
    this.#wait.abort()
  }

  async #letReplace(): Promise<void> {
    const replacer = this.#replacer
    this.#replacer = null
    await replacer?.release()
  }

  // -------------------------------------------------------------------------------------------------- who leads

  #hear(call: StoreCall): void {
    if (call.is === 'starting') {
      this.#signAt = performance.now()
      this.#follow(null)
    } else if (call.is === 'leading') this.#follow({ leader: call.leader, protocol: call.protocol })
    else if (call.is === 'over' && call.leader === this.#leader?.leader) this.#follow(null)
  }

  #say(call: StoreCall): void {
    if (!this.#isSuspended) this.#channel?.postMessage(call)
  }

  #starting(): void {
    this.#signAt = performance.now()
    this.#say({ is: 'starting' })
    this.#follow(null)
  }

  #follow(leader: LeaderName | null): void {
    if (this.#leader?.leader === leader?.leader) return
    this.#leader = leader
    for (const session of this.#sessions) session.onLeader(leader)
    for (const line of this.#joining) if (line.leader !== leader?.leader) line.close()
    if (leader === null) return
    this.#signAt = performance.now()
    const { protocol } = this.#options
    if (leader.protocol > protocol) return this.#fail(this.#outdated(leader))
    if (leader.protocol < protocol) return void this.#takeOver('older')
    for (const waiter of Array.from(this.#waiters)) waiter.resolve(leader)
  }

  #outdated({ protocol: leaderProtocol }: LeaderName): AdapterOutdated {
    const { protocol, storeId } = this.#options
    return new AdapterOutdated({ storeId, protocol, leaderProtocol })
  }

  #fail(error: unknown): void {
    for (const waiter of Array.from(this.#waiters)) waiter.reject(error)
  }

  /** Asks for a leader, and takes over if nobody has been heard of. */
  #lookAgain(): void {
    if (this.#isSuspended || this.#worker !== null) return
    if (performance.now() - this.#signAt < stallMs) return this.#say({ is: 'who' })
    this.#signAt = performance.now()
    void this.#takeOver('hung')
  }

  // ------------------------------------------------------------------------------------------------ ways to it

  #register(worker: TabWorker, { leader }: LeaderName): void {
    const { broker } = this.#options
    if (broker === null) return
    const register = (): void => {
      const { port1, port2 } = new MessageChannel()
      worker.post({ is: 'broker', port: port1 }, [port1])
      broker.register(this.#store, leader, port2)
    }
    register()
    this.#brokerNews = new BroadcastChannel(brokerChannel)
    this.#brokerNews.addEventListener('message', register)
  }

  async #reach(
    way: 'direct' | 'brokered' | 'relayed',
    leader: LeaderName,
    connection: string,
  ): Promise<LinePort | null> {
    if (way === 'direct') return this.#direct(connection)
    return way === 'relayed' ? this.#relayed(leader, connection) : await this.#brokered(leader, connection)
  }

  #direct(connection: string): LinePort | null {
    if (this.#worker === null) return null
    const { port1, port2 } = new MessageChannel()
    this.#worker.post({ is: 'connect', connection, port: port2 }, [port2])
    return messageLinePort(port1)
  }

  async #brokered({ leader }: LeaderName, connection: string): Promise<LinePort | null> {
    const { broker } = this.#options
    if (broker === null) return null
    const { port1, port2 } = new MessageChannel()
    if (await broker.connect(this.#store, leader, connection, port2)) return messageLinePort(port1)
    port1.close()
    return null
  }

  #relayed({ leader }: LeaderName, connection: string): LinePort {
    const port = relayLinePort(connection, 'session')
    this.#say({ is: 'join', leader, connection })
    return port
  }
}

/** Resolves after `ms`, or when `signal` says so. */
const waited = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
