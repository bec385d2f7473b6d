/** `node apps/docs/src/diagrams/main.ts`: writes the pictures beside the pages that show them. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { workspaceRoot } from '@headwater/checks/workspace/Workspace'
import { diagrams } from './Diagrams.ts'

for (const [file, text] of Object.entries(diagrams))
  writeFileSync(path.join(workspaceRoot, 'docs/concepts', file), text)
