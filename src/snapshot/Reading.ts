import { ContentSum } from "./digest.ts"
import type { Header } from "./seal.ts"

/** When the content sum is made while the file is read: a sealed file that nothing changes proves itself by its seal. */
export type SumWanted = "never" | "unsealed" | "always"

/** What is known of a snapshot so far; complete when its stream has ended. */
export class Reading {
  /** Lines that were read, all of them good. */
  lines = 0
  bytes = 0
  header: Header | undefined
  sealed = false
  /** Line ends were CRLF, which git on Windows makes of LF. */
  crlf = false
  /** All records that were read are known to keep every rule. */
  sound = false
  /** The file ended with a line end. */
  complete = true
  readonly records = new Map<string, number>()
  /** Hex SHA-256 of the seal. */
  sha256: string | undefined
  /** The sum of the records, as far as it was wanted and who loads them did not take them out again. */
  sum: ContentSum | undefined
  readonly file: string
  private readonly wanted: SumWanted

  constructor(file: string, wanted: SumWanted) {
    this.file = file
    this.wanted = wanted
  }

  /** The first line was read: the file says whether it is sealed. */
  begin(found: Header | undefined): void {
    this.header = found
    if (this.wanted === "always" || (this.wanted === "unsealed" && found === undefined)) this.sum = new ContentSum()
  }
}
