import * as Data from 'effect/Data'

export class InvalidStoreId extends Data.TaggedError('InvalidStoreId')<{ readonly storeId: string }> {
  override get message(): string {
    const shown =
      this.storeId.length > 80 ? `${this.storeId.slice(0, 80)}… (${this.storeId.length} characters)` : this.storeId
    return `"${shown}" is not a store id: use 1 to 64 letters, digits, "_" or "-"`
  }
}

/** `events({ after })` was given something else than `e42` or `e42.1`. */
export class InvalidPosition extends Data.TaggedError('InvalidPosition')<{ readonly position: string }> {
  override get message(): string {
    return `"${this.position}" is not a position in a log: use e0, e42 or e42.1`
  }
}

/** `makeStore` could not open the store; `cause` says why, typed as `createStore` throws it. */
export class StoreNotOpened extends Data.TaggedError('StoreNotOpened')<{
  readonly storeId: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `store "${this.storeId}" could not be opened: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}
