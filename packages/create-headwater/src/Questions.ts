/** What is asked of somebody at a terminal. */
import { confirm, isCancel, select, text } from '@clack/prompts'
import { checkProjectFolder } from './ProjectFolder.ts'
import { ScaffoldRefused } from './ScaffoldRefused.ts'
import type { Template } from './Template.ts'

/** Ctrl-C and Escape are an answer, too. */
const answered = <Answer>(answer: Answer): Exclude<Answer, symbol> => {
  if (isCancel(answer)) throw new ScaffoldRefused('nothing was made')
  return answer as Exclude<Answer, symbol>
}

export const askFolder = async (): Promise<string> =>
  answered(
    await text({
      message: 'Which folder?',
      placeholder: 'my-app',
      defaultValue: 'my-app',
      validate: (value) => {
        try {
          checkProjectFolder(value === undefined || value === '' ? 'my-app' : value)
          return undefined
        } catch (error) {
          return (error as Error).message
        }
      },
    }),
  )

export const askTemplate = async (templates: ReadonlyArray<Template>): Promise<Template> =>
  answered(
    await select({
      message: 'What shall it be?',
      // What most people come for; `Enter` takes it.
      initialValue: templates.find(({ name }) => name === 'react-web') ?? templates[0]!,
      options: templates.map((template) => ({ value: template, label: template.name, hint: template.description })),
    }),
  )

export const askInstall = async (manager: string): Promise<boolean> =>
  answered(await confirm({ message: `Install its dependencies with ${manager} now?` }))
