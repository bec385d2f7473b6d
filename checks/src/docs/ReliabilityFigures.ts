/**
 * `pnpm docs:figures`: runs what proves Headwater in numbers, and writes what it counted into docs/reliability.md, with the commit
 * and the day. Nothing in that table is typed by anybody. `--minutes 20` watches real processes for longer, `--seeds 5000`
 * simulates more.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { CommandFailed, run } from '../workspace/Command.ts'
import { pnpmCommand } from '../workspace/PackageManagers.ts'
import { workspaceRoot } from '../workspace/Workspace.ts'

const page = path.join(workspaceRoot, 'docs/reliability.md')
const marks = { start: '<!-- figures: made by pnpm docs:figures -->', end: '<!-- end of figures -->' }

/** Numbers that a command printed, by name. */
type Proof = Readonly<Record<string, string>>

interface Figure {
  readonly command: ReadonlyArray<string>
  /** Variables that make a suite do more than it does in every test run. */
  readonly env?: Readonly<Record<string, string>>
  /** Lines of the table: what was done to it, how often, what was lost or wrong. */
  readonly rows: (proof: Proof) => ReadonlyArray<readonly [what: string, count: string, wrong: string]>
}

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '2000' }, minutes: { type: 'string', default: '10' } },
})

const number = (proof: Proof, name: string): string => {
  const value = proof[name]
  if (value === undefined) throw new Error(`nothing has printed PROOF ${name}`)
  return Number(value).toLocaleString('en')
}

const figures: ReadonlyArray<Figure> = [
  {
    command: ['sim', '--seeds', values.seeds],
    rows: (proof) => [
      [
        'seeds of the simulator: the whole engine under every fault there is',
        number(proof, 'sim_seeds'),
        `${number(proof, 'sim_failures')} failures`,
      ],
      [
        'crashes of processes in them',
        number(proof, 'sim_crashes'),
        `${number(proof, 'sim_powerLosses')} of them with the power`,
      ],
      [
        'faults of network and server in them',
        number(proof, 'sim_networkFaults'),
        `${number(proof, 'sim_historyChanges')} changes of the server’s history told`,
      ],
      [
        'events committed in them',
        number(proof, 'sim_events'),
        `${number(proof, 'sim_rebases')} rebases, ${number(proof, 'sim_rejected')} refused`,
      ],
    ],
  },
  {
    command: ['check:history', '--minutes', values.minutes],
    rows: (proof) => [
      [
        'rounds of real processes that are killed, stopped and cut off',
        number(proof, 'history_runs'),
        `${number(proof, 'history_violations')} violations`,
      ],
      ['faults in them', number(proof, 'history_faults'), `${number(proof, 'history_wedged')} clients wedged`],
      ['events acknowledged to them', number(proof, 'history_acknowledged'), `${number(proof, 'history_lost')} lost`],
    ],
  },
  {
    command: [
      'exec',
      'vitest',
      'run',
      'packages/adapter-node/test/Crashes.test.ts',
      'packages/adapter-node/test/Kills.test.ts',
    ],
    env: { HEADWATER_KILLS: '200' },
    rows: (proof) => [
      [
        `kills, each at another point of one of ${number(proof, 'write_paths')} write paths`,
        number(proof, 'kill_points'),
        'reopened, whole',
      ],
      [
        'kills of clients and servers at work, by the operating system',
        number(proof, 'kills'),
        `${number(proof, 'lost')} lost`,
      ],
    ],
  },
  {
    command: ['exec', 'vitest', 'run', 'packages/adapter-web/test/OpfsPowerLoss.test.ts'],
    rows: (proof) => [
      [
        'power failures of a browser’s storage (simulated disk)',
        number(proof, 'power_losses'),
        `${number(proof, 'lost')} lost`,
      ],
    ],
  },
  {
    command: ['exec', 'vitest', 'run', 'packages/core/test/sync/Merge.property.test.ts'],
    rows: (proof) => [['random merges against an oracle', number(proof, 'merge_property_runs'), 'all equal']],
  },
]

/** Everything that it printed as `PROOF a=1 b=2`. The last of a name counts. */
const proofOf = async ({ command, env = {} }: Figure): Promise<Proof> => {
  const { program, args } = pnpmCommand()
  const said = await run(program, [...args, ...command], { cwd: workspaceRoot, env, timeoutMs: 3_600_000 }).catch(
    (error: unknown) => {
      throw error instanceof CommandFailed
        ? new Error(`${command.join(' ')} failed: these figures would be wrong\n${error.output.slice(-2000)}`)
        : error
    },
  )
  const pairs = [...said.matchAll(/PROOF ([^\n]*)/g)].flatMap(([, line]) => [...line!.matchAll(/([\w-]+)=(\S+)/g)])
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, value!]))
}

const mutationRow = (): readonly [string, string, string] => {
  const said = readFileSync(path.join(workspaceRoot, 'docs/mutations.md'), 'utf8')
  const [, all = '', survived = ''] = /PROOF mutations=(\d+).*mutations_survived=(\d+)/.exec(said) ?? []
  return ['faults put into the code on purpose ([the list](mutations.md))', all, `${survived} not noticed`]
}

const rows: Array<readonly [string, string, string]> = []
const commands: Array<string> = []
for (const figure of figures) {
  const variables = Object.entries(figure.env ?? {}).map(([name, value]) => `${name}=${value}`)
  const command = [...variables, 'npx -y pnpm@12', ...figure.command].join(' ')
  process.stdout.write(`${command} …\n`)
  rows.push(...figure.rows(await proofOf(figure)))
  commands.push(command)
}
const commit = (await run('git', ['log', '-1', '--format=%h, %cs'], { cwd: workspaceRoot })).trim()
const table = [
  `Counted at commit ${commit}, on a machine of ${process.platform} ${process.arch} with Node ${process.versions.node}.`,
  '',
  '| What | How often | Outcome |',
  '| --- | --: | --- |',
  ...[...rows, mutationRow()].map((row) => `| ${row.join(' | ')} |`),
  '',
  '```sh',
  ...commands,
  '```',
].join('\n')
const text = readFileSync(page, 'utf8')
const [before, rest = ''] = text.split(marks.start)
writeFileSync(page, `${before}${marks.start}\n\n${table}\n\n${marks.end}${rest.split(marks.end)[1] ?? ''}`)
