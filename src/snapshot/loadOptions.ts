/** What may be asked of a load. */
import type * as Option from "effect/Option"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import type { Joined } from "./Joined.ts"
import type { Origins } from "./Origins.ts"
import type { Versions } from "./upgrade.ts"

/** What a caller makes of a record before it is stored: the same, another of its kind, or nothing. */
export type Transform = (kind: Kind, record: AnyRecord) => Option.Option<AnyRecord>

/** What a caller does not want: why not, of records that are left out. They come in the order of a file. */
export type LeaveOut = (kind: Kind, record: AnyRecord) => string | undefined

/** For mending what was loaded. */
export interface Mending {
  /** Remembers what became of each line, and the records that a UNIQUE constraint of the tables refuses. */
  readonly origins: Origins
  /** A record that cannot be stored is left out, and nothing is refused. */
  readonly lenient: boolean
}

export interface LoadOptions {
  /** What can only be mended now, is mended. */
  readonly mending?: Mending | undefined
  readonly transform?: Transform | undefined
  /** Mended lines that come in with the records. */
  readonly joined?: Joined | undefined
  /** For a file of another version: its records become those of the stage's version. */
  readonly versions?: Versions | undefined
  /** Records that are left out, because the caller asked for it; as they are in the stage's version. */
  readonly leaveOut?: LeaveOut | undefined
  /** Remembers the lines of a file of a newer version whose records the stage's version has not. */
  readonly lost?: Origins | undefined
}
