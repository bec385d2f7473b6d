import { Component, type ReactNode } from 'react'

/** What opening the store, or a query, failed with says what to do. */
export class FailureBoundary extends Component<{ readonly children: ReactNode }, { readonly failure: Error | null }> {
  override state = { failure: null as Error | null }

  static getDerivedStateFromError(failure: Error): { readonly failure: Error } {
    return { failure }
  }

  override render(): ReactNode {
    const { failure } = this.state
    if (failure === null) return this.props.children
    return (
      <main role="alert">
        <p>{failure.message}</p>
        <button onClick={() => location.reload()}>Reload</button>
      </main>
    )
  }
}
