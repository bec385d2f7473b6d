import { LitElement, type PropertyDeclarations } from 'lit'
import type { StoreWatch } from './StoreWatch.ts'

/**
 * One tab of the panel. While it is connected and has a watch it is told of news by `onTick`; a tab that is not shown is not
 * connected, and does nothing.
 */
export abstract class PanelPart extends LitElement {
  static override properties: PropertyDeclarations = {
    watch: { attribute: false },
    writable: { type: Boolean },
  }

  declare watch: StoreWatch | undefined
  /** Whether it may offer what changes the store. */
  declare writable: boolean
  #leave: (() => void) | undefined
  #watched: StoreWatch | undefined

  constructor() {
    super()
    this.writable = false
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
    const watch = this.isConnected ? this.watch : undefined
    if (watch === this.#watched) return
    this.#leave?.()
    this.#watched = watch
    this.#leave = watch?.look(() => this.onTick(watch))
    if (watch !== undefined) this.onTick(watch)
  }

  /** There is news: read what is shown. */
  protected onTick(_watch: StoreWatch): void {
    this.requestUpdate()
  }
}
