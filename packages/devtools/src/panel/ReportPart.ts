import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import type { BugReport } from '../inspect/BugReport.ts'
import { storeReport } from '../inspect/StoreReport.ts'
import { packageVersions } from './PackageVersions.ts'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { countText, plural } from './PanelText.ts'
import type { StoreWatch } from './StoreWatch.ts'

/** What is shown of a report before it is sent. **Units** characters. */
const previewMax = 6000

/** Longer than any leader takes that is there. **Units** ms. */
const answerWithinMs = 20_000

interface MadeReport {
  readonly report: BugReport
  readonly text: string
}

/** Makes a bug report, shows what is in it, and hands it over as a file. */
export class ReportPart extends PanelPart {
  static override properties: PropertyDeclarations = {
    ...PanelPart.properties,
    versions: { attribute: false },
    isRaw: { state: true },
    made: { state: true },
    state: { state: true },
  }

  declare versions: Readonly<Record<string, string>>
  declare isRaw: boolean
  declare made: MadeReport | undefined
  declare state: { readonly is: 'making' | 'said' | 'failed'; readonly text: string } | undefined

  constructor() {
    super()
    this.versions = {}
    this.isRaw = false
  }

  protected override onTick(): void {
    // A report is of the moment when it was asked for.
  }

  protected override render(): TemplateResult {
    const { watch, made, state, isRaw } = this
    if (watch === undefined) return html``
    return html`
      <div class="intro">
        <p>
          Log, heads, dead letters, quarantine, status, timeline and live queries in one file, of which
          <code>headwater replay</code> makes a store again. Args are taken out and their shape is left, so that equal
          values stay equal; names of events, tables and fields stay. Look it through before you send it.
        </p>
        <p>
          <label>
            <input type="checkbox" .checked=${isRaw} @change=${() => this.#choose(!isRaw)} />
            with args, metadata and errors as they are
          </label>
          ${isRaw ? html`<strong class="warning">It will hold what people wrote.</strong>` : nothing}
        </p>
        <p class="actions">
          <button class="primary" ?disabled=${state?.is === 'making'} @click=${() => void this.#make(watch)}>
            Make report
          </button>
          <button ?disabled=${made === undefined} @click=${() => this.#download()}>Download</button>
          <button ?disabled=${made === undefined} @click=${() => void this.#copy()}>Copy</button>
          <span role="status" class=${state?.is === 'failed' ? 'error' : 'quiet'}>${state?.text ?? nothing}</span>
        </p>
      </div>
      ${made === undefined ? nothing : html`<pre tabindex="0" role="region" aria-label="The beginning of the report">${preview(made.text)}</pre>`}
    `
  }

  #choose(isRaw: boolean): void {
    this.isRaw = isRaw
    this.made = undefined
    this.state = undefined
  }

  async #make({ store, timeline }: StoreWatch): Promise<void> {
    const { isRaw } = this
    this.state = { is: 'making', text: 'Reading the log …' }
    const versions = { ...packageVersions, userAgent: navigator.userAgent, ...this.versions }
    const signal = AbortSignal.timeout(answerWithinMs)
    try {
      const report = await storeReport(store, { isRaw, versions, timeline: timeline.entries, signal })
      // The choice may have been changed meanwhile.
      if (isRaw !== this.isRaw) return
      const text = JSON.stringify(report, null, 2)
      this.made = { report, text }
      const { log } = report
      const isPart = log.isComplete ? '' : ', the newest of a longer log, which cannot be replayed'
      this.state = {
        is: 'said',
        text: `${plural(log.events.length, 'event')}${isPart}, ${countText(text.length)} characters`,
      }
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === 'TimeoutError'
      const text = isLate ? 'The leader does not answer: try again when it is back.' : String(error)
      this.state = { is: 'failed', text }
    }
  }

  #download(): void {
    if (this.made === undefined) return
    const { report, text } = this.made
    const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `headwater-${report.store.storeId}-${report.createdAt.replaceAll(/[:.]/g, '-')}.json`
    link.click()
    // After the browser has begun to read it.
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.made?.text ?? '')
      this.state = { is: 'said', text: 'Copied.' }
    } catch (error) {
      this.state = { is: 'failed', text: `The browser does not let it be copied (${String(error)}): download it.` }
    }
  }

  static override styles = [
    panelStyles,
    css`
      .intro {
        display: grid;
        gap: 10px;
        padding: 12px;
        max-width: 720px;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        align-items: center;
      }
      pre {
        background: var(--raised);
        border-top: 1px solid var(--line);
        padding: 12px;
      }
    `,
  ]
}

const preview = (text: string): string =>
  text.length <= previewMax
    ? text
    : `${text.slice(0, previewMax)}\n… ${countText(text.length - previewMax)} characters more`
