import type { BuildResult } from 'esbuild'

/** Bundles the leader's worker entry into `outfile`. */
export declare const bundleWorker: (outfile: string) => Promise<BuildResult>
