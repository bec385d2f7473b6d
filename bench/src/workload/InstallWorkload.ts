import { peerSide } from '../PeerProject.ts'
import type { Workload } from '../Workload.ts'

export const installWorkload: Workload = {
  name: 'install',
  about: 'what npm install brings for an app on Node: core, adapter and effect, beside LiveStore and what it asks for',
  sides: [
    {
      name: 'headwater',
      engine: 'better-sqlite3',
      isSlow: true,
      run: async () => (await import('./HeadwaterInstall.ts')).measureHeadwaterInstall(),
    },
    peerSide('livestore', 'install', { engine: 'wa-sqlite', isSlow: true }),
  ],
  figures: [
    {
      name: 'size',
      unit: 'MB',
      about: 'of all files in node_modules (--full only)',
      comparisons: [{ against: 'livestore' }],
    },
    { name: 'packages', unit: 'packages', about: 'in node_modules', comparisons: [{ against: 'livestore' }] },
  ],
}
