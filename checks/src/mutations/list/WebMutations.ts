import type { Mutation } from '../Mutation.ts'

const web = 'packages/adapter-web'
const lease = { file: `${web}/test/LeaderLease.test.ts` }
const tabs = { file: `${web}/test/Tabs.test.ts` }
const pool = { file: `${web}/test/OpfsPool.test.ts` }
const folders = { file: `${web}/test/StoreFolders.test.ts` }
const healing = { file: `${web}/test/Healing.test.ts` }
const conformance = { file: `${web}/test/Conformance.test.ts` }
const linePort = { file: `${web}/test/LinePort.test.ts` }

/** Faults of the web adapter: who leads among many tabs, and what is in the files. */
export const webMutations: ReadonlyArray<Mutation> = [
  {
    name: 'lease-not-looked-at',
    why: 'a leader that was stopped and robbed answers before it hears of it: what it calls saved is in no file',
    file: `${web}/src/LeaderLease.ts`,
    find: `this.#held.length === 0 && this.isValid`,
    replace: `this.#held.length === 0`,
    caughtBy: { ...lease, test: 'what comes later waits for one look' },
  },
  {
    name: 'look-counted-from-its-answer',
    why: 'a leader that was stopped between question and answer believes what was true before it was robbed',
    file: `${web}/src/LeaderLease.ts`,
    find: `this.#seenAt = askedAt`,
    replace: `this.#seenAt = this.#options.now()`,
    caughtBy: { ...lease, test: 'a look counts from when it was asked' },
  },
  {
    name: 'files-copied-before-the-lease-is-over',
    why: 'the new leader lacks what the old one has just called saved',
    file: `${web}/src/LeaderLease.ts`,
    find: `export const takeOverMs = 800`,
    replace: `export const takeOverMs = 200`,
    caughtBy: { ...lease, test: 'a thief leaves more time than a lease lasts' },
  },
  {
    name: 'step-cut-off-while-it-is-waited-for',
    why: 'on a slow device each leader fails at the same commit, and the store does not open any more',
    file: `${web}/src/LeaderLease.ts`,
    find: `export const stepMs = 30_000`,
    replace: `export const stepMs = 2_000`,
    caughtBy: { ...tabs, test: 'a step that takes longer than a session waits for a leader gets done' },
  },
  {
    name: 'candidacy-let-go-before-the-worker-ended',
    why: 'the next tab robs a leader that works, again and again',
    file: `${web}/src/StoreTab.ts`,
    find: `      await worker.ended\n      return true\n`,
    replace: `      return true\n`,
    caughtBy: { ...tabs, test: 'five tabs that commit at the same time are equal at the end' },
  },
  {
    name: 'suspended-tab-keeps-the-lead',
    why: 'a tab in the back/forward cache stops every other one until it is shown again, or robbed',
    file: `${web}/src/StoreTab.ts`,
    find: `    // A worker that was asked to end might be frozen before it has: with lock and files.\n    this.#worker?.terminate()\n`,
    replace: ``,
    caughtBy: { ...tabs, test: 'put into the back/forward cache and shown again' },
  },
  {
    name: 'silent-leader-not-replaced',
    why: 'a leader that hangs stays the leader: nothing is saved any more',
    file: `${web}/src/WebLeaderClient.ts`,
    find: `        void tab.replace(line.leader)\n`,
    replace: ``,
    caughtBy: { ...conformance, test: 'a leader that hangs is noticed and replaced' },
  },
  {
    name: 'tab-that-is-gone-not-noticed',
    why: 'a leader serves tabs that have crashed for ever, and never ends',
    file: `${web}/src/LeaderLines.ts`,
    find: `    void this.#watch(line, connection)\n`,
    replace: ``,
    caughtBy: { ...conformance, test: 'a session that is killed leaves the others their store' },
  },
  {
    name: 'protocol-not-compared',
    why: 'after a deployment a new tab speaks to a leader of the old version, which does not understand it',
    file: `${web}/src/StoreTab.ts`,
    find: `    if (leader.protocol < protocol) return void this.#takeOver('older')\n`,
    replace: ``,
    caughtBy: { ...tabs, test: 'a newer tab takes the lead from an older one' },
  },
  {
    name: 'missing-frame-not-noticed',
    why: 'where there is no SharedWorker a push that got lost is never sent again',
    file: `${web}/src/LinePort.ts`,
    find: `data.n === expected && 'm' in data`,
    replace: `'m' in data`,
    caughtBy: { ...linePort, test: 'a frame that is missing closes both ends' },
  },
  {
    name: 'frame-taken-twice',
    why: 'where there is no SharedWorker a push is taken twice',
    file: `${web}/src/LinePort.ts`,
    find: `data.to !== side || data.n < expected`,
    replace: `data.to !== side`,
    caughtBy: { ...linePort, test: 'one that comes twice is dropped' },
  },
  {
    name: 'label-written-over-the-newer-one',
    why: 'a power cut while a file gets its name takes the name it had: the log is gone',
    file: `${web}/src/OpfsSlot.ts`,
    find: `<= (second?.generation ?? -1) ?`,
    replace: `> (second?.generation ?? -1) ?`,
    caughtBy: { ...pool, test: 'a label of which only a part arrives' },
  },
  {
    name: 'short-write-not-noticed',
    why: 'at the quota half of a page is written and called saved',
    file: `${web}/src/OpfsSlot.ts`,
    find: `    if (written !== source.length) throw new ShortWrite(\`\${written} of \${source.length} bytes were written\`)\n`,
    replace: ``,
    caughtBy: { ...pool, test: 'where there is no room it has happened or it has not' },
  },
  {
    name: 'copied-after-one-reading',
    why: 'a leader that wakes up while its files are copied tears the copy: events that were saved are gone',
    file: `${web}/src/StoreFolders.ts`,
    find: `if (isSame(files, again)) break`,
    replace: `if (files.size === again.size) break`,
    caughtBy: { ...folders, test: 'what a leader that wakes up commits while its files are read is in the copy' },
  },
  {
    name: 'interrupted-copy-taken-for-whole',
    why: 'a tab that is closed while it copies leaves half a store, which the next one opens',
    file: `${web}/src/StoreFolders.ts`,
    find: `    () => true,
    () => false,
`,
    replace: `    () => true,
    () => true,
`,
    caughtBy: { ...folders, test: 'a copy that was interrupted counts for nothing' },
  },
  {
    name: 'robbed-leader-still-writes',
    why: 'two leaders write one store',
    file: `${web}/src/OpfsVfs.ts`,
    find: `const mayWrite = ({ mount }: Handle): boolean => mount === null || mount.mayWrite()`,
    replace: `const mayWrite = (_: Handle): boolean => true`,
    caughtBy: { ...folders, test: 'a leader that may not write any more writes nothing' },
  },
  {
    name: 'eviction-not-warned-of',
    why: 'nobody hears that the browser may delete the store',
    file: `${web}/src/StorageWatch.ts`,
    find: `isPersistent ? others : [...others, { tag, message }]`,
    replace: `others`,
    caughtBy: { ...healing, test: 'the status warns of files that may be evicted' },
  },
  {
    name: 'wake-not-passed-on',
    why: 'back in the network an app waits for its next retry, which a hidden tab may put off for minutes',
    file: `${web}/src/WebAdapter.ts`,
    find: `        onWake: onPageWake,\n`,
    replace: ``,
    caughtBy: { ...healing, test: 'tries at once what a backend has put off' },
  },
]
