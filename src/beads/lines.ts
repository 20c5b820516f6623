/** Bytes as records with their lines: strict UTF-8, one JSON object a line. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { blocks, linesIn, type LineTooLong } from "../files/lines.ts"
import type { Account } from "./account.ts"
import { BeadsDamaged, BeadsRecordRefused } from "./errors.ts"
import { type Misread, type Read, recordIn } from "./record.ts"

export interface LineOptions {
  /** What the bytes are of, for messages. */
  readonly input: string
  /** A program may say something before its first record. */
  readonly hasNotices: boolean
  /** Bytes that are no text become U+FFFD. */
  readonly isLenient: boolean
  /** Lines that are no records are left out. */
  readonly skipInvalid: boolean
  /** The longest line, in bytes; 16 MiB. */
  readonly maxLine: number
}

export const defaultMaxLine = 16 * 1024 * 1024

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder("utf-8", { ignoreBOM: true })

/** The first byte that is part of no character. */
const firstWrong = (bytes: Uint8Array): number => {
  let [from, to] = [0, bytes.length]
  const isFine = (end: number) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
      return true
    } catch {
      return false
    }
  }
  while (from < to) {
    const middle = (from + to + 1) >> 1
    if (isFine(middle)) from = middle
    else to = middle - 1
  }
  return from
}

const textOf = (bytes: Uint8Array, isLenient: boolean): Either.Either<string, string> => {
  const nul = bytes.indexOf(0)
  if (nul >= 0 && !isLenient) return Either.left(`has a NUL at byte ${nul + 1}: --lenient puts U+FFFD there`)
  try {
    return Either.right(strict.decode(bytes))
  } catch {
    return isLenient
      ? Either.right(lenient.decode(bytes))
      : Either.left(`is no UTF-8 at byte ${firstWrong(bytes) + 1}: --lenient puts U+FFFD there`)
  }
}

/** A record and where it stands. */
export interface Numbered {
  readonly line: number
  readonly read: Read
}

/** Reads lines one after the other; what is said of them goes into the account of whoever counts. */
class Reader {
  private hasBegun = false
  readonly options: LineOptions
  readonly account: Account | undefined

  constructor(options: LineOptions, account: Account | undefined) {
    this.options = options
    this.account = account
  }

  private refused({ field, id, isDamaged, next, reason }: Misread, line: number, isCut: boolean) {
    const { input } = this.options
    if (isCut && isDamaged) {
      return new BeadsDamaged({ input, line, reason: "truncated: the last line ends in its middle" })
    }
    return isDamaged
      ? new BeadsDamaged({ input, line, reason: reason, next })
      : new BeadsRecordRefused({ input, line, record: id, field, reason, next })
  }

  /** `isCut`: nothing comes after it, not even the end of the line. */
  take(
    bytes: Uint8Array,
    line: number,
    isCut: boolean
  ): Either.Either<Numbered | undefined, BeadsDamaged | BeadsRecordRefused> {
    const { account, options: { hasNotices, isLenient, skipInvalid } } = this
    const isBom = line === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
    const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length
    const decoded = textOf(bytes.subarray(isBom ? 3 : 0, end), isLenient)
    const text = Either.map(decoded, (text) => isLenient ? text.replaceAll("\0", "\ufffd") : text)
    if (Either.isRight(text)) {
      if (text.right.trim() === "") return Either.right(undefined)
      if (!this.hasBegun && hasNotices && !text.right.trimStart().startsWith("{")) {
        account?.note("notices before the first record", text.right.trim().slice(0, 100))
        return Either.right(undefined)
      }
    }
    this.hasBegun = true
    if (account !== undefined) account.read++
    const read = Either.flatMap(
      Either.mapLeft(text, (reason): Misread => ({ id: undefined, reason, isDamaged: true })),
      (text) => recordIn(text, line)
    )
    if (Either.isRight(read)) return Either.right({ line, read: read.right })
    const refused = this.refused(read.left, line, isCut)
    if (!skipInvalid || (isCut && read.left.isDamaged)) return Either.left(refused)
    account?.skip("no record (--skip-invalid)")
    account?.lose("lines that are no records", `line ${line}: ${read.left.reason}`)
    return Either.right(undefined)
  }
}

const tooLong = (input: string) => <E>(error: E | LineTooLong) =>
  error instanceof Object && "_tag" in error && error._tag === "LineTooLong"
    ? new BeadsRecordRefused({
      input,
      line: (error as LineTooLong).line,
      reason: `is longer than ${(error as LineTooLong).limit} bytes`,
      next: "--max-line BYTES takes longer ones"
    })
    : error as Exclude<E, LineTooLong>

/** The records of bytes. With an account, what is skipped and how many there are is counted in it. */
export const records = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>, options: LineOptions, account?: Account) =>
  Stream.suspend(() => {
    const reader = new Reader(options, account)
    return bytes.pipe(
      blocks({ maxLine: options.maxLine }),
      Stream.mapError(tooLong(options.input)),
      Stream.mapConcatEffect((block) =>
        Effect.gen(function*() {
          const found: Array<Numbered> = []
          const isOpen = block.last && block.bytes.at(-1) !== 0x0a
          const final = block.line + block.count - 1
          for (const { bytes, line } of linesIn(block)) {
            const one = yield* reader.take(bytes, line, isOpen && line === final)
            if (one !== undefined) found.push(one)
          }
          return found
        })
      )
    )
  })
