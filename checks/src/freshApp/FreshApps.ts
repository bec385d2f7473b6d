/** The apps that are made anew, each with one way to get modules into a browser, and what a user does with it. */
import path from 'node:path'
import { freePort } from '@headwater/testkit/postgres'
import { runNode } from '../workspace/Command.ts'
import { readManifest } from '../workspace/Workspace.ts'
import { serveFolder } from './FolderServer.ts'
import { serveByCommand, type ServedApp } from './ServedApp.ts'

export interface FreshApp {
  /** Of its folder in `apps/`. */
  readonly name: string
  /** Packages of ours that it installs. */
  readonly ours: ReadonlyArray<string>
  /** Others, with the version that it is checked with. */
  readonly others: Readonly<Record<string, string>>
  readonly isSynced: boolean
  /** Ways to serve it, by what a user would call them. */
  readonly serve: Readonly<Record<string, (folder: string) => Promise<ServedApp>>>
}

const ours = ['@headwater/core', '@headwater/adapter-web', '@headwater/backend-http'] as const

/** The script of an installed package's command. */
const bin = (folder: string, name: string, command = name): string => {
  const home = path.join(folder, 'node_modules', name)
  const { bin: scripts } = readManifest(home)
  return path.join(home, typeof scripts === 'string' ? scripts : scripts![command]!)
}

const vite = async (folder: string, ...args: ReadonlyArray<string>): Promise<ServedApp> => {
  const port = await freePort()
  const flags = ['--port', String(port), '--strictPort', '--host', '127.0.0.1']
  return await serveByCommand(folder, [bin(folder, 'vite'), ...args, ...flags])
}

export const freshApps: ReadonlyArray<FreshApp> = [
  {
    name: 'vite',
    ours: [...ours, '@headwater/server'],
    others: { vite: '8.3.8', effect: '4.1.0', typescript: '7.0.2' },
    isSynced: true,
    serve: {
      'vite dev': (folder) => vite(folder),
      'tsc and vite build': async (folder) => {
        const options = ['--strict', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022']
        await runNode([bin(folder, 'typescript', 'tsc'), '--noEmit', ...options, 'main.ts'], { cwd: folder })
        await runNode([bin(folder, 'vite'), 'build'], { cwd: folder })
        return await vite(folder, 'preview')
      },
    },
  },
  {
    name: 'webpack',
    ours,
    others: { webpack: '5.113.0', 'webpack-cli': '7.3.1', effect: '4.1.0' },
    isSynced: false,
    serve: {
      'webpack build': async (folder) => {
        await runNode([bin(folder, 'webpack-cli'), 'build'], { cwd: folder })
        return await serveFolder(folder)
      },
    },
  },
  {
    name: 'next',
    ours: [...ours, '@headwater/react'],
    others: { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1', effect: '4.1.0' },
    isSynced: false,
    serve: {
      'next build': async (folder) => {
        const port = await freePort()
        const env = { NEXT_TELEMETRY_DISABLED: '1' }
        await runNode([bin(folder, 'next'), 'build'], { cwd: folder, env })
        return await serveByCommand(folder, [bin(folder, 'next'), 'start', '-p', String(port)])
      },
    },
  },
  {
    name: 'plain',
    ours,
    others: { effect: '4.1.0' },
    isSynced: false,
    serve: { 'no bundler': serveFolder },
  },
]
