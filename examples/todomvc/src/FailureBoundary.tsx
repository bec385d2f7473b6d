import { Component, type ReactNode } from 'react'

/** What opening the store failed with says what to do. */
export class FailureBoundary extends Component<{ readonly children: ReactNode }, { readonly failure: Error | null }> {
  override state = { failure: null as Error | null }

  static getDerivedStateFromError(failure: Error): { readonly failure: Error } {
    return { failure }
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (failure === null) return this.props.children
    return (
      <section className="failure" role="alert">
        <h1>todos</h1>
        <p>{failure.message}</p>
        <button onClick={() => location.reload()}>Reload</button>
      </section>
    )
  }
}
