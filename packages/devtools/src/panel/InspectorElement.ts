import type { Store } from '@headwater/core'
import {
  css,
  html,
  LitElement,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import type { Finding, Severity } from '../inspect/Diagnosis.ts'
import { headTrack, headTrackStyles } from './HeadTrack.ts'
import { panelStyles } from './PanelStyles.ts'
import { StoreWatch } from './StoreWatch.ts'

/** The parts behind the tabs, in their order. */
const tabs = [
  { name: 'events', label: 'Events' },
  { name: 'problems', label: 'Problems' },
  { name: 'timeline', label: 'Timeline' },
  { name: 'tables', label: 'Tables' },
  { name: 'queries', label: 'Queries' },
  { name: 'store', label: 'Store' },
  { name: 'report', label: 'Report' },
] as const

export type InspectorTab = (typeof tabs)[number]['name']

/** Not by colour alone. */
const markOf: Readonly<Record<Severity, string>> = { ok: '✓', info: '…', warning: '!', error: '✕' }

/**
 * `<headwater-inspector>`: what is going on in a store. It fills the box that it is in.
 *
 * | Property, attribute | Is                                                                             |
 * | ------------------- | ------------------------------------------------------------------------------ |
 * | `store`             | the open store; nothing is read or observed without one, or while not connected |
 * | `writable`          | offers to retry and to discard lost events; default: it only reads             |
 * | `theme`             | `light` or `dark`; default: as the page                                         |
 * | `tab`               | the tab that is shown                                                           |
 * | `compact`           | says less above the tabs: for boxes that are not high                           |
 * | `versions`          | added to bug reports: `{ app: '1.4.2' }`                                         |
 *
 * **Example**
 * ```ts
 * defineInspector()
 * const inspector = document.createElement('headwater-inspector')
 * inspector.store = store
 * document.body.append(inspector)
 * ```
 */
export class InspectorElement extends LitElement {
  static override properties: PropertyDeclarations = {
    store: { attribute: false },
    watch: { attribute: false },
    versions: { attribute: false },
    writable: { type: Boolean },
    compact: { type: Boolean, reflect: true },
    theme: { reflect: true },
    tab: { reflect: true },
  }

  declare store: Store | undefined
  /** Instead of a store: one that is watched already, by whoever made it. */
  declare watch: StoreWatch | undefined
  declare versions: Readonly<Record<string, string>>
  declare writable: boolean
  declare compact: boolean
  declare theme: 'light' | 'dark' | undefined
  declare tab: InspectorTab
  #own: StoreWatch | undefined
  #leave: (() => void) | undefined
  #looksAt: StoreWatch | undefined

  constructor() {
    super()
    this.versions = {}
    this.writable = false
    this.compact = false
    this.tab = 'events'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#follow()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#follow()
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('store') || changed.has('watch')) this.#follow()
  }

  /** Watches the store for as long as it is connected. */
  #follow(): void {
    const store = this.isConnected && this.watch === undefined ? this.store : undefined
    if (this.#own?.store !== store) {
      this.#own?.stop()
      this.#own = store === undefined ? undefined : new StoreWatch(store)
    }
    const watch = this.isConnected ? (this.watch ?? this.#own) : undefined
    if (watch === this.#looksAt) return
    this.#leave?.()
    this.#looksAt = watch
    this.#leave = watch?.look(() => this.requestUpdate())
    this.requestUpdate()
  }

  protected override render(): TemplateResult {
    const watch = this.#looksAt
    if (watch === undefined)
      return html`<p class="empty">No store: set the element's <code>store</code> property to an open one.</p>`
    const { status, findings, rejected, quarantined } = watch.facts
    const problems = rejected.length + quarantined.length
    return html`
      <header>
        ${findings[0] === undefined ? nothing : verdict(findings[0])} ${headTrack(status)}
        ${
          findings.length < 2
            ? nothing
            : html`<ul class="others" aria-label="Needs attention">
                ${findings.slice(1).map((finding) => this.#other(finding))}
              </ul>`
        }
      </header>
      <div role="tablist" aria-label="Inspector" @keydown=${(event: KeyboardEvent) => this.#onTabKey(event)}>
        ${tabs.map(
          ({ name, label }) => html`
            <button
              role="tab"
              id=${`tab-${name}`}
              aria-controls="part"
              aria-selected=${this.tab === name}
              tabindex=${this.tab === name ? 0 : -1}
              @click=${() => this.#show(name)}
            >
              ${label}${name === 'problems' && problems > 0 ? html` <span class="count error">${problems}</span>` : nothing}
            </button>
          `,
        )}
      </div>
      <div role="tabpanel" id="part" aria-labelledby=${`tab-${this.tab}`} tabindex="0">
        ${keyed(watch, this.#part(watch))}
      </div>
    `
  }

  #part(watch: StoreWatch): TemplateResult {
    const { writable, versions } = this
    switch (this.tab) {
      case 'events':
        return html`<headwater-events .watch=${watch}></headwater-events>`
      case 'problems':
        return html`<headwater-problems .watch=${watch} .writable=${writable}></headwater-problems>`
      case 'timeline':
        return html`<headwater-timeline .watch=${watch}></headwater-timeline>`
      case 'tables':
        return html`<headwater-tables .watch=${watch}></headwater-tables>`
      case 'queries':
        return html`<headwater-queries .watch=${watch}></headwater-queries>`
      case 'store':
        return html`<headwater-store-facts .watch=${watch}></headwater-store-facts>`
      case 'report':
        return html`<headwater-report .watch=${watch} .versions=${versions}></headwater-report>`
    }
  }

  #other({ severity, title }: Finding): TemplateResult {
    return html`
      <li>
        <button @click=${() => this.#show('problems')}>
          <span class="mark ${severity}" aria-label=${severity}>${markOf[severity]}</span> ${title}
        </button>
      </li>
    `
  }

  #show(tab: InspectorTab): void {
    this.tab = tab
  }

  /** Arrow keys go through the tabs, as the ARIA pattern has it. */
  #onTabKey(event: KeyboardEvent): void {
    const at = tabs.findIndex(({ name }) => name === this.tab)
    const to =
      event.key === 'ArrowRight'
        ? at + 1
        : event.key === 'ArrowLeft'
          ? at - 1
          : event.key === 'Home'
            ? 0
            : event.key === 'End'
              ? tabs.length - 1
              : undefined
    if (to === undefined) return
    event.preventDefault()
    const { name } = tabs[(to + tabs.length) % tabs.length]!
    this.#show(name)
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#tab-${name}`)?.focus())
  }

  static override styles = [
    panelStyles,
    headTrackStyles,
    css`
      :host {
        display: flex;
        flex-direction: column;
        color-scheme: light dark;
        container-type: inline-size;
        min-height: 0;
        height: 100%;
        background: var(--ground);
        overflow: hidden;
      }
      :host([hidden]) {
        display: none;
      }
      :host([theme='light']) {
        color-scheme: light;
      }
      :host([theme='dark']) {
        color-scheme: dark;
      }
      header {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px 24px;
        padding: 10px calc(12px + var(--header-end, 0px)) 8px 12px;
        max-height: 60%;
        overflow-y: auto;
        flex: none;
      }
      .verdict {
        display: grid;
        grid-template-columns: 18px minmax(0, 1fr);
        gap: 0 8px;
        align-content: start;
      }
      .mark {
        font-weight: 700;
        text-align: center;
      }
      h2 {
        font-size: 15px;
        line-height: 1.3;
      }
      .track {
        grid-column: 2;
        grid-row: 1 / span 2;
      }
      .others {
        grid-column: 1;
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      .others button {
        min-height: 24px;
        padding: 0 10px;
        border-radius: 999px;
        background: var(--raised);
      }
      [role='tablist'] {
        display: flex;
        gap: 2px;
        padding: 0 8px;
        border-bottom: 1px solid var(--line);
        overflow-x: auto;
        flex: none;
        scrollbar-width: thin;
      }
      [role='tab'] {
        border: 0;
        border-bottom: 2px solid transparent;
        border-radius: 0;
        background: none;
        padding: 6px 10px;
        white-space: nowrap;
        color: var(--quiet);
      }
      [role='tab'][aria-selected='true'] {
        color: var(--text);
        border-bottom-color: var(--accent);
        font-weight: 600;
      }
      .count {
        font-weight: 700;
      }
      [role='tabpanel'] {
        flex: 1;
        min-height: 0;
        overflow: auto;
      }
      [role='tabpanel']:focus-visible {
        outline-offset: -2px;
      }
      :host([compact]) .verdict p,
      :host([compact]) .station dd:last-child {
        display: none;
      }
      @container (max-width: 640px) {
        header {
          grid-template-columns: minmax(0, 1fr);
        }
        .track {
          grid-column: 1;
          grid-row: auto;
        }
      }
    `,
  ]
}

/** What is said; told to screen readers when it changes. */
const verdict = ({ severity, title, detail, advice }: Finding): TemplateResult => html`
  <div class="verdict" role="status">
    <span class="mark ${severity}" aria-label=${severity}>${markOf[severity]}</span>
    <div>
      <h2 class=${severity}>${title}</h2>
      ${detail === '' ? nothing : html`<p>${detail}</p>`}
      ${advice === null ? nothing : html`<p class="quiet">→ ${advice}</p>`}
    </div>
  </div>
`
