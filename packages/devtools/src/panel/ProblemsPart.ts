import { formatPosition, inspectStore, type RejectedRow, type StoredEvent } from '@headwater/core'
import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Finding } from '../inspect/Diagnosis.ts'
import { PanelPart } from './PanelPart.ts'
import { panelStyles } from './PanelStyles.ts'
import { clockText, plural, prettyJson, shortId } from './PanelText.ts'
import type { StoreWatch, WatchedFacts } from './StoreWatch.ts'

/** Rows of each kind that are drawn. */
const shownMax = 200

const reasonText: Readonly<Record<RejectedRow['reason'], string>> = {
  refused: 'refused by the backend',
  group: 'its commit had a refused event',
  collision: 'another event has its id',
  'too-large': 'too large for the backend',
}

/** Lost events: dead letters and the quarantine, with what can be done about each. */
export class ProblemsPart extends PanelPart {
  static override properties: PropertyDeclarations = { ...PanelPart.properties, outcome: { state: true } }

  /** What came of the last action. */
  declare outcome: { readonly isFailure: boolean; readonly text: string } | undefined
  #busy = new Set<string>()

  protected override render(): TemplateResult {
    const { watch, outcome } = this
    if (watch === undefined) return html``
    const { rejected, quarantined, findings } = watch.facts
    // The verdict on sync stands above the tabs.
    const others = findings.slice(1)
    return html`
      <p class="bar" role="status">
        ${outcome === undefined ? this.#hint() : html`<span class=${outcome.isFailure ? 'error' : 'ok'}>${outcome.text}</span>`}
      </p>
      ${
        others.length === 0
          ? html`<p class="empty">No event was refused, none is in quarantine.</p>`
          : html`<ul class="findings">
              ${others.map(findingRow)}
            </ul>`
      }
      ${rejected.length === 0 ? nothing : this.#rejected(watch, rejected)}
      ${quarantined.length === 0 ? nothing : this.#quarantined(watch, quarantined)}
    `
  }

  #hint(): TemplateResult {
    return this.writable
      ? html`<span class="quiet">A retry commits the same args under a new id, as the app would.</span>`
      : html`<span class="quiet"
          >Read-only: set <code>writable</code> on the inspector to retry or discard from here.</span
        >`
  }

  #rejected(watch: StoreWatch, rows: WatchedFacts['rejected']): TemplateResult {
    return html`
      <h3>Refused</h3>
      <ul>
        ${repeat(
          rows.slice(0, shownMax),
          // Two dead letters may have one id (`IdCollision`).
          ({ event }) => JSON.stringify([event.id, event.clientId, event.name, event.argsJson]),
          ({ event, reason, detail }) => html`
            <li>
              <div class="what">
                <strong>${event.name}</strong> <span class="tag error">${reasonText[reason]}</span>
                <span class="quiet">${clockText(event.createdAt)} <span class="mono">${shortId(event.id)}</span></span>
                <p>${detail}</p>
                <details>
                  <summary class="quiet">args</summary>
                  <pre>${prettyJson(event.argsJson)}</pre>
                </details>
              </div>
              ${this.#actions(event.id, event.name, {
                retry: () => watch.store.rejected.retry(event.id),
                discard: () => watch.store.rejected.dismiss(event.id),
              })}
            </li>
          `,
        )}
      </ul>
      ${moreText(rows.length)}
    `
  }

  #quarantined(watch: StoreWatch, rows: WatchedFacts['quarantined']): TemplateResult {
    return html`
      <h3>In quarantine</h3>
      <ul>
        ${repeat(
          rows.slice(0, shownMax),
          ({ eventId }) => eventId,
          ({ eventId, position, error }) => html`
            <li>
              <div class="what">
                <strong class="mono">${formatPosition(position)}</strong>
                <span class="tag warning">without effect</span>
                <span class="quiet mono">${shortId(eventId)}</span>
                <p>${error}</p>
                <headwater-logged-args
                  .watch=${watch}
                  .position=${position}
                  .eventId=${eventId}
                ></headwater-logged-args>
              </div>
              ${this.#actions(eventId, formatPosition(position), {
                retry: () => watch.store.quarantined.retry(eventId),
                discard: () => Promise.resolve(watch.store.quarantined.dismiss(eventId)),
              })}
            </li>
          `,
        )}
      </ul>
      ${moreText(rows.length)}
    `
  }

  #actions(
    eventId: string,
    name: string,
    { retry, discard }: { readonly retry: () => Promise<unknown>; readonly discard: () => Promise<void> },
  ): TemplateResult | typeof nothing {
    if (!this.writable) return nothing
    const isBusy = this.#busy.has(eventId)
    return html`
      <div class="actions">
        <button
          ?disabled=${isBusy}
          aria-label="Retry ${name}"
          @click=${() => this.#run(eventId, `${name} was committed again`, retry)}
        >
          Retry
        </button>
        <button
          ?disabled=${isBusy}
          aria-label="Discard ${name}"
          @click=${() => this.#run(eventId, `${name} was discarded`, discard)}
        >
          Discard
        </button>
      </div>
    `
  }

  async #run(eventId: string, done: string, action: () => Promise<unknown>): Promise<void> {
    this.#busy.add(eventId)
    this.requestUpdate()
    try {
      await action()
      this.outcome = { isFailure: false, text: done }
    } catch (error) {
      this.outcome = { isFailure: true, text: error instanceof Error ? error.message : String(error) }
    } finally {
      this.#busy.delete(eventId)
      this.watch?.refresh()
      this.requestUpdate()
    }
  }

  static override styles = [
    panelStyles,
    css`
      h3 {
        padding: 12px 12px 4px;
      }
      li {
        display: flex;
        gap: 12px;
        padding: 8px 12px;
        border-bottom: 1px solid var(--line);
      }
      .what {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .actions {
        display: flex;
        gap: 6px;
        align-items: start;
      }
      pre {
        background: var(--raised);
        border-radius: 6px;
        padding: 8px;
        margin-top: 4px;
      }
    `,
  ]
}

const moreText = (count: number): TemplateResult | typeof nothing =>
  count <= shownMax
    ? nothing
    : html`<p class="empty">and ${plural(count - shownMax, 'more', 'more')}; a report has them all</p>`

const findingRow = ({ severity, title, detail, advice }: Finding): TemplateResult => html`
  <li>
    <div class="what">
      <strong class=${severity}>${title}</strong> ${detail}
      ${advice === null ? nothing : html`<span class="quiet">${advice}</span>`}
    </div>
  </li>
`

/** Args of an event of the log, read when they are asked for. */
export class LoggedArgs extends PanelPart {
  static override properties: PropertyDeclarations = {
    ...PanelPart.properties,
    position: { attribute: false },
    eventId: { attribute: false },
    found: { state: true },
  }

  declare position: { readonly global: number; readonly client: number } | undefined
  declare eventId: string | undefined
  declare found: StoredEvent | 'asking' | 'failed' | undefined

  protected override onTick(): void {
    // What an event says never changes.
  }

  protected override render(): TemplateResult {
    const { found } = this
    return html`
      <details @toggle=${() => void this.#read()}>
        <summary class="quiet">args</summary>
        ${typeof found === 'object' ? html`<pre>${found.name} ${prettyJson(found.argsJson)}</pre>` : html`<p class="quiet">${found === 'failed' ? 'The leader does not answer.' : 'Asking the leader …'}</p>`}
      </details>
    `
  }

  async #read(): Promise<void> {
    const { watch, position, eventId, found } = this
    if (watch === undefined || position === undefined || (found !== undefined && found !== 'failed')) return
    this.found = 'asking'
    const { global, client } = position
    // Client-only events stand behind the synced one before.
    const after = client > 0 ? { global, client: client - 1 } : { global: global - 1, client: Number.MAX_SAFE_INTEGER }
    try {
      const { events } = await inspectStore(watch.store).readLog({ after, limit: 1, signal: AbortSignal.timeout(2000) })
      this.found = events.find(({ id }) => id === eventId) ?? 'failed'
    } catch {
      this.found = 'failed'
    }
  }

  static override styles = [
    panelStyles,
    css`
      pre {
        background: var(--raised);
        border-radius: 6px;
        padding: 8px;
        margin-top: 4px;
      }
    `,
  ]
}
