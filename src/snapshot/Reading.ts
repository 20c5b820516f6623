import type { ContentSum } from "./digest.ts"
import type { Header } from "./seal.ts"

/** When the content sum is made while the file is read: a sealed file that nothing changes proves itself by its seal. */
export type SumWanted = "never" | "unsealed" | "always"

/** What is known of a snapshot when it has been read to its end, and only then. */
export interface Reading {
  readonly file: string
  /** Lines that were read, all of them good. */
  readonly lines: number
  readonly bytes: number
  readonly header: Header | undefined
  readonly sealed: boolean
  /** Line ends were CRLF, which git on Windows makes of LF. */
  readonly crlf: boolean
  readonly records: ReadonlyMap<string, number>
  /** Hex SHA-256 of the seal. */
  readonly sha256: string | undefined
  /** The sum of the records, when it was wanted. */
  readonly sum: ContentSum | undefined
}
