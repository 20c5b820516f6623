/** What every error of kata has in common: a kind, which is one exit code, and a line for the person who reads it. */

/** The whole mapping from a kind of failure to the exit code of the process. */
export const exitCodes = {
  internal: 1,
  usage: 2,
  validation: 3,
  not_found: 4,
  conflict: 5,
  confirm: 6,
  daemon_unavailable: 7,
  damaged: 8,
  incomplete: 9,
  locked: 10,
  io: 11,
  interrupted: 130,
  terminated: 143
} as const

export type FailureKind = keyof typeof exitCodes

/** Every typed error of kata fits this; one that does not cannot reach the command line. */
export interface Failure {
  readonly _tag: string
  readonly kind: FailureKind
  /** One line for a person: what, where, why. */
  readonly message: string
  /** The message has lines of its own, which people are shown as such. */
  readonly isText?: boolean
  /** The next step, when there is one. */
  readonly hint?: string | undefined
  /** What a program is told beside the message, with `--json`. */
  readonly data?: unknown
}
