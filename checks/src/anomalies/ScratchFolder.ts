import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/**
 * Where files go that need no disk: nothing here loses power, and waiting for a disk to sync would take most of the time.
 */
export const scratchFolder: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
