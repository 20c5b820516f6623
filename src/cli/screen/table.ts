/**
 * One table for all lists. On a terminal: columns that fit its width. Elsewhere: the same values whole, with tabs between them and one line a
 * row, whatever stands in them.
 */
import { singleLine } from "../terminal.ts"
import type { Role, Screen } from "./Screen.ts"
import { cells, cut } from "./width.ts"

/** A column on a terminal. Without `least` it is never cut. */
export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row, screen: Screen) => string
  readonly role?: (row: Row) => Role | undefined
  /** Takes the room that is left, and is never cut below 45 % of the width. One column of a table. */
  readonly isMain?: true
  /** What stands behind the text, in long and in short, and is kept when that is cut. */
  readonly suffix?: (row: Row) => readonly [long: string, short: string] | undefined
  /** May be cut down to so many cells. */
  readonly least?: number
  /** No wider than this while another column is cut. */
  readonly most?: number
  /** May be left out when room is short, the highest number first. */
  readonly drop?: number
  readonly isRight?: true
}

/** A field of a row for other programs. */
export type Field<Row> = (row: Row) => string

/** Rows in both forms. Their lines are ready to be written: nothing in them steers a terminal but our colours. */
export interface Tabular {
  readonly lines: (screen: Screen, withHeader: boolean) => ReadonlyArray<string>
}

const gap = 2

interface Laid<Row> extends Column<Row> {
  readonly texts: ReadonlyArray<string>
  readonly suffixes: ReadonlyArray<string>
  /** The width that all of it has. */
  readonly natural: number
  width: number
}

const measured = <Row>(column: Column<Row>, rows: ReadonlyArray<Row>, screen: Screen): Laid<Row> | undefined => {
  const suffixes = rows.map((row) => {
    const [long, short] = column.suffix?.(row) ?? ["", ""]
    return singleLine(screen.columns < 70 ? short : long)
  })
  const texts = rows.map((row) => singleLine(column.text(row, screen)))
  const widest = texts.reduce((most, text, at) => Math.max(most, cells(text) + cells(suffixes[at] ?? "")), 0)
  // a column in which nothing stands is left out
  if (widest === 0) return undefined
  return { ...column, texts, suffixes, natural: Math.max(widest, cells(column.title)), width: 0 }
}

/** The columns that are shown, with their widths. */
const laidOut = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>, screen: Screen) => {
  const { columns: width } = screen
  let shown = columns.map((column) => measured(column, rows, screen)).filter((column) => column !== undefined)
  const used = () => shown.reduce((sum, column) => sum + column.width, 0) + gap * (shown.length - 1)
  const grow = (column: Laid<Row>, to: number) => {
    column.width += Math.max(0, Math.min(to - column.width, width - used()))
  }
  for (;;) {
    for (const column of shown) {
      const { isMain, least, natural } = column
      column.width = isMain
        ? Math.min(natural, Math.max(10, Math.floor(width * 0.45)))
        : Math.min(natural, least ?? natural)
    }
    const last = Math.max(0, ...shown.map(({ drop = 0 }) => drop))
    if (used() <= width || last === 0) break
    shown = shown.filter(({ drop }) => drop !== last)
  }
  const flexible = shown.filter(({ least }) => least !== undefined)
  const main = shown.find(({ isMain }) => isMain)
  for (const column of flexible) grow(column, Math.min(column.natural, column.most ?? column.natural))
  if (main !== undefined) grow(main, main.natural)
  for (const column of flexible) grow(column, column.natural)
  // too narrow for what is never cut: the main column gives way, and then the terminal breaks the line
  if (main !== undefined && used() > width) main.width = Math.max(10, main.width - (used() - width))
  return shown
}

/** A line of cells, each of a text and what stands behind it. */
const line = <Row>(
  shown: ReadonlyArray<Laid<Row>>,
  cell: (column: Laid<Row>) => readonly [text: string, suffix: string],
  paint: (column: Laid<Row>, text: string, isSuffix: boolean) => string
) =>
  shown.map((column, at) => {
    const [text, suffix] = cell(column)
    const isLast = at === shown.length - 1
    const blank = " ".repeat(Math.max(0, column.width - cells(text) - cells(suffix)))
    const painted = paint(column, text, false) + (suffix === "" ? "" : paint(column, suffix, true))
    return column.isRight ? blank + painted : isLast ? painted : painted + blank
  }).join(" ".repeat(gap)).trimEnd()

const onTerminal = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  screen: Screen,
  withHeader: boolean
) => {
  const { paint } = screen
  const shown = laidOut(columns, rows, screen)
  const header = line(shown, ({ title }) => [title, ""], (_, text) => paint("header", text))
  const body = rows.map((row, at) =>
    line(
      shown,
      ({ isMain, least, suffixes, texts, width }) => {
        const [text = "", suffix = ""] = [texts[at], suffixes[at]]
        return [isMain || least !== undefined ? cut(text, Math.max(1, width - cells(suffix))) : text, suffix]
      },
      ({ role }, text, isSuffix) => paint(isSuffix ? "faint" : role?.(row), text)
    )
  )
  return withHeader ? [header, ...body] : body
}

/** No row: no line, and no header either. */
export const table = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  fields: ReadonlyArray<Field<Row>>,
  rows: ReadonlyArray<Row>
): Tabular => ({
  lines: (screen, withHeader) =>
    rows.length === 0
      ? []
      : screen.isTerminal
      ? onTerminal(columns, rows, screen, withHeader)
      : rows.map((row) => fields.map((field) => singleLine(field(row))).join("\t"))
})
