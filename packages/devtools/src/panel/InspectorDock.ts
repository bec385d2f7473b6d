import type { Store } from '@headwater/core'
import { css, html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import type { Severity } from '../inspect/Diagnosis.ts'
import { panelStyles } from './PanelStyles.ts'
import { StoreWatch } from './StoreWatch.ts'

/** Of the window, in percent. */
const heights = { default: 50, least: 20, most: 90, step: 5 }

/** Below it the verdict is one line: there would be no room for what is behind the tabs. **Units** CSS pixels. */
const compactBelow = 420

const markOf: Readonly<Record<Severity, string>> = { ok: '✓', info: '…', warning: '!', error: '✕' }

/** Worst first. */
const severities: ReadonlyArray<Severity> = ['error', 'warning', 'info', 'ok']

/**
 * `<headwater-inspector-dock>`: a button in the corner of a page that tells how its store is, and opens the inspector at the
 * bottom. It watches as long as it is connected, so that the timeline has what happened before it was opened.
 */
export class InspectorDock extends LitElement {
  static override properties: PropertyDeclarations = {
    store: { attribute: false },
    versions: { attribute: false },
    writable: { type: Boolean },
    theme: { reflect: true },
    open: { type: Boolean, reflect: true },
    heightPercent: { state: true },
  }

  declare store: Store | undefined
  declare versions: Readonly<Record<string, string>>
  declare writable: boolean
  declare theme: 'light' | 'dark' | undefined
  declare open: boolean
  declare heightPercent: number
  #watch: StoreWatch | undefined
  #leave: (() => void) | undefined

  constructor() {
    super()
    this.versions = {}
    this.writable = false
    this.open = false
    this.heightPercent = heights.default
  }

  override connectedCallback(): void {
    super.connectedCallback()
    this.#follow()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#follow()
  }

  protected override willUpdate(): void {
    this.#follow()
  }

  #follow(): void {
    const store = this.isConnected ? this.store : undefined
    if (this.#watch?.store === store) return
    this.#leave?.()
    this.#watch?.stop()
    this.#watch = store === undefined ? undefined : new StoreWatch(store)
    this.#leave = this.#watch?.look(() => this.requestUpdate())
    this.requestUpdate()
  }

  protected override updated(): void {
    // Not an inline style in the markup, which a page's policy may forbid.
    this.renderRoot.querySelector<HTMLElement>('.drawer')?.style.setProperty('height', `${this.heightPercent}vh`)
  }

  protected override render(): TemplateResult {
    const watch = this.#watch
    if (watch === undefined) return html``
    const { findings } = watch.facts
    const severity = severities.find((one) => findings.some((finding) => finding.severity === one)) ?? 'ok'
    return html`
      <button
        class="badge"
        part="badge"
        aria-expanded=${this.open}
        aria-controls="drawer"
        title=${findings[0]?.title ?? nothing}
        @click=${() => this.#toggle()}
      >
        <span class="mark ${severity}" aria-hidden="true">${markOf[severity]}</span>
        <span>Headwater</span>
        <span class="hidden">inspector: ${findings[0]?.title}</span>
      </button>
      ${this.open ? this.#drawer(watch) : nothing}
    `
  }

  #drawer(watch: StoreWatch): TemplateResult {
    return html`
      <section
        class="drawer"
        id="drawer"
        aria-label="Headwater inspector"
        @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.#toggle()}
      >
        <div
          class="edge"
          role="separator"
          tabindex="0"
          aria-orientation="horizontal"
          aria-label="Height of the inspector"
          aria-valuemin=${heights.least}
          aria-valuemax=${heights.most}
          aria-valuenow=${Math.round(this.heightPercent)}
          @keydown=${(event: KeyboardEvent) => this.#onEdgeKey(event)}
          @pointerdown=${(event: PointerEvent) => this.#onEdgeDown(event)}
        ></div>
        <button class="close" aria-label="Close the inspector" @click=${() => this.#toggle()}>✕</button>
        <headwater-inspector
          .watch=${watch}
          .versions=${this.versions}
          .writable=${this.writable}
          .compact=${(this.heightPercent / 100) * window.innerHeight < compactBelow}
          .theme=${this.theme}
        ></headwater-inspector>
      </section>
    `
  }

  #toggle(): void {
    this.open = !this.open
    const target = this.open ? '.close' : '.badge'
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(target)?.focus())
  }

  #resize(percent: number): void {
    this.heightPercent = Math.min(heights.most, Math.max(heights.least, percent))
  }

  #onEdgeKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowUp' ? heights.step : event.key === 'ArrowDown' ? -heights.step : 0
    if (step === 0) return
    event.preventDefault()
    this.#resize(this.heightPercent + step)
  }

  #onEdgeDown(event: PointerEvent): void {
    const edge = event.currentTarget as HTMLElement
    edge.setPointerCapture(event.pointerId)
    const move = ({ clientY }: PointerEvent): void => this.#resize((1 - clientY / window.innerHeight) * 100)
    edge.addEventListener('pointermove', move)
    edge.addEventListener('lostpointercapture', () => edge.removeEventListener('pointermove', move), { once: true })
  }

  static override styles = [
    panelStyles,
    css`
      :host {
        color-scheme: light dark;
      }
      :host([theme='light']) {
        color-scheme: light;
      }
      :host([theme='dark']) {
        color-scheme: dark;
      }
      .badge {
        position: fixed;
        right: 12px;
        bottom: 12px;
        z-index: 2147483000;
        display: flex;
        gap: 6px;
        align-items: center;
        border-radius: 999px;
        padding: 4px 12px;
        box-shadow: 0 2px 10px rgb(0 0 0 / 25%);
      }
      :host([open]) .badge {
        display: none;
      }
      .mark {
        font-weight: 700;
      }
      .drawer {
        position: fixed;
        inset: auto 0 0;
        z-index: 2147483000;
        height: 50vh;
        min-height: 160px;
        border-top: 1px solid var(--line);
        background: var(--ground);
        box-shadow: 0 -4px 24px rgb(0 0 0 / 20%);
      }
      .edge {
        position: absolute;
        inset: -4px 0 auto;
        height: 8px;
        cursor: ns-resize;
        touch-action: none;
        z-index: 1;
      }
      .close {
        position: absolute;
        top: 8px;
        right: 10px;
        z-index: 1;
        border: 0;
        background: none;
        min-width: 28px;
        padding: 0;
      }
      headwater-inspector {
        --header-end: 36px;
      }
    `,
  ]
}
