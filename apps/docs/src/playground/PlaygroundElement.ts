/** `<headwater-playground>`: the playground as an element of the page, in the page's own styles. */
import { LitElement, html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { clientView, serverView } from './ClientView.ts'
import { latencyMsMax, Playground } from './Playground.ts'
import { scenarios, type Scenario } from './Scenarios.ts'

export class PlaygroundElement extends LitElement {
  #playground: Playground | undefined
  #failure = ''
  #running: Scenario | undefined

  /** The page's styles are its styles. */
  protected override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    // What stood here was for pages without scripts.
    this.replaceChildren()
    void this.#open()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    void this.#playground?.close()
  }

  async #open(): Promise<void> {
    try {
      this.#playground = await Playground.open(() => this.requestUpdate())
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
    }
    this.requestUpdate()
  }

  async #run(scenario: Scenario): Promise<void> {
    if (this.#playground === undefined) return
    this.#running = scenario
    this.requestUpdate()
    try {
      await scenario.run(this.#playground)
    } finally {
      this.#running = undefined
      this.requestUpdate()
    }
  }

  async #startOver(): Promise<void> {
    await this.#playground?.close()
    this.#playground = undefined
    this.#running = undefined
    await this.#open()
    // The button that was pressed is another one by now.
    await this.updateComplete
    this.querySelector<HTMLElement>('.pg-over')?.focus()
  }

  protected override render(): TemplateResult {
    const playground = this.#playground
    if (this.#failure !== '') return html`<p role="alert">The playground does not start here: ${this.#failure}</p>`
    if (playground === undefined) return html`<p role="status">Opening two stores and a server in this page …</p>`
    return html`
      ${this.#controls(playground)} ${story(playground)}
      <div class="pg-board">
        ${clientView(playground.clients[0]!)} ${serverView(playground)} ${clientView(playground.clients[1]!)}
      </div>
    `
  }

  #controls(playground: Playground): TemplateResult {
    return html`
      <div class="pg-controls">
        <label class="pg-latency">
          Latency, one way
          <input
            type="range"
            min="0"
            max=${latencyMsMax}
            step="100"
            .value=${String(playground.latencyMs)}
            aria-valuetext="${playground.latencyMs} milliseconds"
            @input=${(event: Event) => {
              playground.latencyMs = Number((event.target as HTMLInputElement).value)
              this.requestUpdate()
            }}
          />
          <output>${playground.latencyMs} ms</output>
        </label>
        <div class="pg-scenarios" role="group" aria-label="Play a situation">
          ${scenarios.map(
            (scenario) =>
              html`<button
                type="button"
                ?disabled=${this.#running !== undefined}
                title=${scenario.text}
                @click=${() => void this.#run(scenario)}
              >
                ${scenario.title}
              </button>`,
          )}
          <button type="button" class="pg-over" @click=${() => void this.#startOver()}>Start over</button>
        </div>
        <p class="pg-hint" aria-live="polite">
          ${this.#running?.text ?? 'Type into a list, switch one offline, or play one of these situations.'}
        </p>
      </div>
    `
  }
}

const story = ({ story: told }: Playground): TemplateResult => html`
  <section class="pg-story">
    <h3>What has happened</h3>
    <div role="log" aria-live="polite" aria-label="What has happened" tabindex="0">
      <ol>
        ${told.length === 0 ? html`<li class="pg-none">Nothing yet.</li>` : nothing}
        ${repeat(
          told,
          ({ number }) => number,
          ({ text }) => html`<li>${text}</li>`,
        )}
      </ol>
    </div>
  </section>
`

if (customElements.get('headwater-playground') === undefined)
  customElements.define('headwater-playground', PlaygroundElement)
