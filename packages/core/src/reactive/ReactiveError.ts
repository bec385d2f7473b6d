import * as Data from 'effect/Data'

/** A computed needs its own answer. **Shape** `path`: names from the computed back to itself. */
export class ComputedCycle extends Data.TaggedError('ComputedCycle')<{ readonly path: ReadonlyArray<string> }> {
  override get message(): string {
    return `a computed depends on itself: ${this.path.join(' → ')}`
  }
}

/** A computed tried to change what it may only read. **Shape** `operation`: `commit`, `set`. */
export class ChangeInsideComputed extends Data.TaggedError('ChangeInsideComputed')<{
  readonly operation: string
  readonly computed: string
}> {
  override get message(): string {
    return `${this.operation} inside ${this.computed}: a computed only reads; do it in a subscriber or an event handler`
  }
}

/** `read` was called when its computed had already answered: dependencies are what is read before it returns. */
export class ReadOutsideComputed extends Data.TaggedError('ReadOutsideComputed')<{ readonly computed: string }> {
  override get message(): string {
    return `read of ${this.computed} was called after it had returned; a computed reads synchronously`
  }
}

/** A signal or computed of one store was given to another one. */
export class NotOfThisStore extends Data.TaggedError('NotOfThisStore')<{ readonly name: string }> {
  override get message(): string {
    return `${this.name} belongs to another store: signals and computeds are used with the store that made them`
  }
}
