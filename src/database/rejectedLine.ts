/**
 * Cells that no snapshot can carry, in lines that lose nothing: JSON says text that is UTF-8 and integers up to 2^53 as they are,
 * and everything else as an object with its type.
 */
import { isUtf8 } from "node:buffer"
import type { Cell } from "./Session.ts"

/** A value with the class that SQLite stores it in; text as its bytes, since they may be no UTF-8. */
export interface RawCell {
  readonly column: string
  /** `typeof` of the column, or that it could not be read. */
  readonly class: string
  readonly value: Cell
  /** The bytes of what is too large to be held, in pieces. */
  readonly pieces?: Iterable<Uint8Array>
}

/** Text beyond this is written as hexadecimal digits, a piece at a time: no string of it is ever made. */
const pieceBytes = 1024 * 1024

const exact = (value: bigint): string =>
  Number.isSafeInteger(Number(value)) ? value.toString() : `{"type":"integer","value":"${value}"}`

const real = (value: number): string => {
  const digits = Object.is(value, -0) ? "-0.0" : String(value)
  return `{"type":"real","value":"${/^-?\d+$/.test(digits) ? `${digits}.0` : digits}"}`
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

function* hex(type: string, pieces: Iterable<Uint8Array>): Generator<string> {
  yield `{"type":"${type}","hex":"`
  for (const piece of pieces) yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("hex")
  yield "\"}"
}

function* cellText(cell: RawCell): Generator<string> {
  const { value } = cell
  if (cell.pieces !== undefined) yield* hex(cell.class, cell.pieces)
  else if (cell.class === "unreadable") yield "{\"type\":\"unreadable\"}"
  else if (value === null) yield "null"
  else if (typeof value === "bigint") yield exact(value)
  else if (typeof value === "number") yield real(value)
  else if (typeof value === "string") yield JSON.stringify(value)
  else if (cell.class === "text" && value.length <= pieceBytes && isUtf8(value)) {
    yield JSON.stringify(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8"))
  } else yield* hex(cell.class, piecesOf(value))
}

/** One line, in pieces, about a row that was left out: where it stood (no table, when that is not known), why, and what is in it. */
export function* rowLine(
  table: string | null,
  rowid: bigint,
  why: string,
  cells: Iterable<RawCell>
): Generator<Uint8Array> {
  let text = `{"table":${JSON.stringify(table)},"rowid":${exact(rowid)},"why":${JSON.stringify(why)},"cells":{`
  let comma = ""
  for (const cell of cells) {
    text += `${comma}${JSON.stringify(cell.column)}:`
    comma = ","
    for (const part of cellText(cell)) {
      text += part
      if (text.length < pieceBytes) continue
      yield Buffer.from(text)
      text = ""
    }
  }
  yield Buffer.from(`${text}}}\n`)
}

/** One line about rows that could not be read at all; `most` as far as it is known. */
export const rangeLine = (table: string, from: bigint, to: bigint, why: string, rows: number): Uint8Array =>
  Buffer.from(
    `{"table":${JSON.stringify(table)},"rowids":[${exact(from)},${exact(to)}],"why":${
      JSON.stringify(why)
    },"rows_at_most":${rows}}\n`
  )
