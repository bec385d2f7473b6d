import * as Schema from 'effect/Schema'

/** The backend cannot be reached: offline, refused, connection cut. */
export class Unreachable extends Schema.TaggedError<Unreachable>('@headwater/core/backend/Unreachable')('Unreachable', {
  detail: Schema.String,
}) {
  override get message(): string {
    return `the backend cannot be reached (${this.detail})`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** No answer, or two missed heartbeats. */
export class TimedOut extends Schema.TaggedError<TimedOut>('@headwater/core/backend/TimedOut')('TimedOut', {
  afterMs: Schema.Number,
}) {
  override get message(): string {
    return `the backend did not answer within ${this.afterMs} ms`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** 5xx or another failure that the backend itself calls temporary. */
export class Unavailable extends Schema.TaggedError<Unavailable>('@headwater/core/backend/Unavailable')('Unavailable', {
  detail: Schema.String,
  /** As asked for by the backend, in milliseconds. */
  retryAfterMs: Schema.optionalKey(Schema.Number),
}) {
  override get message(): string {
    return `the backend is unavailable (${this.detail})`
  }
  get isRetryable(): boolean {
    return true
  }
}

export class RateLimited extends Schema.TaggedError<RateLimited>('@headwater/core/backend/RateLimited')('RateLimited', {
  retryAfterMs: Schema.optionalKey(Schema.Number),
}) {
  override get message(): string {
    return 'the backend asks to slow down'
  }
  get isRetryable(): boolean {
    return true
  }
}

/** 401/403: speaks of the token only. Sync goes on with the next token that works. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>('@headwater/core/backend/Unauthorized')(
  'Unauthorized',
  {
    detail: Schema.String,
  },
) {
  override get message(): string {
    return `the backend refuses this token (${this.detail}); return a valid one from getToken`
  }
  get isRetryable(): boolean {
    return true
  }
}

/** 413: the client halves the batch; a single event is rejected. */
export class BatchTooLarge extends Schema.TaggedError<BatchTooLarge>('@headwater/core/backend/BatchTooLarge')(
  'BatchTooLarge',
  {
    detail: Schema.String,
  },
) {
  override get message(): string {
    return `the backend refuses the batch as too large (${this.detail})`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The log behind this store is another one than the client knows: sync stops, everything is kept, the app is told. */
export class BackendReset extends Schema.TaggedError<BackendReset>('@headwater/core/backend/BackendReset')(
  'BackendReset',
  {
    expected: Schema.NullOr(Schema.String),
    received: Schema.String,
  },
) {
  override get message(): string {
    return `this store belongs to backend log ${this.expected}, the backend answers as ${this.received}; choose resolveHistory('reset') or ('re-push')`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** The backend's log no longer holds what this client has settled (restored backup, fork): sync stops, everything is kept. */
export class HistoryChanged extends Schema.TaggedError<HistoryChanged>('@headwater/core/backend/HistoryChanged')(
  'HistoryChanged',
  {
    detail: Schema.String,
    /** The backend's head. */
    headGlobal: Schema.Number,
  },
) {
  override get message(): string {
    return `the backend's history changed (${this.detail}); choose resolveHistory('reset') or ('re-push')`
  }
  get isRetryable(): boolean {
    return false
  }
}

/** An answer that breaks the protocol, or an untyped 4xx: sync stops with a status, local work goes on. */
export class ProtocolError extends Schema.TaggedError<ProtocolError>('@headwater/core/backend/ProtocolError')(
  'ProtocolError',
  {
    detail: Schema.String,
  },
) {
  override get message(): string {
    return `the backend does not speak this protocol (${this.detail}); check the url and the versions of both sides`
  }
  get isRetryable(): boolean {
    return false
  }
}

export const SyncBackendReason = Schema.Union([
  Unreachable,
  TimedOut,
  Unavailable,
  RateLimited,
  Unauthorized,
  BatchTooLarge,
  BackendReset,
  HistoryChanged,
  ProtocolError,
])
export type SyncBackendReason = typeof SyncBackendReason.Type

/** The one error of the `SyncBackend` port. Handle it by `reason._tag`; retry by `isRetryable`. */
export class SyncBackendError extends Schema.TaggedError<SyncBackendError>('@headwater/core/backend/SyncBackendError')(
  'SyncBackendError',
  {
    operation: Schema.Literals(['ping', 'push', 'pull']),
    reason: SyncBackendReason,
  },
) {
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
}
