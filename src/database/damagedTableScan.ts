/**
 * The rows of a table whose pages may be damaged. A b-tree is left as soon as one of its pages cannot be read, and entered again
 * by another rowid: what lies between two rowids is halved until each half can be read or is a single rowid. So a row that a
 * `SELECT` by its rowid still finds is found here too.
 */
import { codeOf } from "../files/FileError.ts"
import type { Handle } from "./Handle.ts"
import type { Cell, Row } from "./Session.ts"

/** A row that was read. `stray`: it stands where its rowid does not lead, as in a page that was overwritten in part. */
export interface Found {
  readonly rowid: bigint
  readonly row: Row
  readonly stray: boolean
}

/** Rows that could not be read, from the one rowid to the other, both included; `there`: the row is, and its content is not. */
export interface Lost {
  readonly from: bigint
  readonly to: bigint
  readonly there: boolean
}

const lowest = -(2n ** 63n)
const highest = 2n ** 63n - 1n
/** How often a table is entered in vain before it is looked at less closely: minutes, not years, for ids that are far apart. */
const patience = 2 ** 24
/** How closely then: its rowids in so many parts. */
const parts = 65_536n
/** Rowids beside damage that are looked for one by one: more than a page has. */
const closely = 1024n
/** How far rows are looked for behind the last good one, when it is not known how many there were. */
const reach = 65_536n

/** Whether SQLite says that the file is damaged, or the system that it cannot be read. */
export const isDamage = (cause: unknown): boolean => /^SQLITE_(?:CORRUPT|IOERR|TOOBIG|NOTADB)/.test(codeOf(cause))

/** What `work` gives; nothing where the file is damaged. */
export const unlessDamaged = <A>(work: () => A): A | undefined => {
  try {
    return work()
  } catch (cause) {
    if (isDamage(cause)) return undefined
    throw cause
  }
}

export const quote = (name: string): string => `"${name.replaceAll("\"", "\"\"")}"`

const idOf = (row: Row | undefined): bigint | undefined => {
  const id: Cell | undefined = row?.["id"]
  return typeof id === "bigint" ? id : undefined
}

/** An index that can be read from its one end to the other. */
export interface ReadableIndex {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

/** An index of the table that has every row of it and is not damaged; of several one that is unique, with the most columns. */
export const readableIndex = (db: Handle, table: string): ReadableIndex | undefined => {
  const indexes =
    unlessDamaged(() =>
      db.prepare(`SELECT name FROM pragma_index_list(?) WHERE NOT partial ORDER BY "unique" DESC, name`).all(table)
        .map(({ name }) => ({
          name: String(name),
          columns: db.prepare("SELECT name FROM pragma_index_info(?) ORDER BY seqno").all(name ?? null).map((row) =>
            String(row["name"])
          )
        }))
    ) ?? []
  return indexes.find(({ name }) =>
    unlessDamaged(() => db.prepare(`SELECT count(*) AS n FROM ${quote(table)} INDEXED BY ${quote(name)}`).get()) !==
      undefined
  )
}

/** The rowids between which rows can be; what the table itself cannot say, its counter and its indexes may. */
const bounds = (db: Handle, table: string, next: bigint) => {
  const source = `${quote(table)} NOT INDEXED`
  const end = unlessDamaged(() => db.prepare(`SELECT max(rowid) AS id FROM ${source}`).get())
  const index = readableIndex(db, table)
  const listed = index === undefined ? undefined : unlessDamaged(() =>
    db.prepare(
      `SELECT min(rowid) AS id, max(rowid) AS most FROM (SELECT rowid FROM ${quote(table)} INDEXED BY ${
        quote(index.name)
      })`
    ).get()
  )
  const counted = unlessDamaged(() =>
    // the counter may be missing in what is left of a schema
    db.prepare("SELECT 1 AS one FROM pragma_table_list WHERE schema = 'main' AND name = 'sqlite_sequence'").get() &&
    db.prepare("SELECT max(seq) AS id FROM sqlite_sequence NOT INDEXED WHERE name = ?").get(table)
  )
  const listedLeast = idOf(listed) ?? 1n
  const least = listedLeast < 1n ? listedLeast : 1n
  // a table of which no row was read begins where its rows can
  const first = next < least ? least : next
  const most = [idOf(end), idOf(counted), listed?.["most"]].reduce<bigint>(
    (a, b) => typeof b === "bigint" && b > a ? b : a,
    lowest
  )
  return { least, most: most >= first ? most : first + reach < highest ? first + reach : highest }
}

/** Reads the rows of a table as `SELECT rowid_, <columns>` over `t`, mostly in the order of their rowids. Throws what is no damage. */
export function* walk(db: Handle, table: string, columns: string): Generator<Found | Lost, void> {
  const source = `${quote(table)} t NOT INDEXED`
  const rows = `SELECT t.rowid AS rowid_, ${columns} FROM ${source} WHERE t.rowid`
  const leads = (rowid: bigint) =>
    unlessDamaged(() => db.prepare(`SELECT 1 AS one FROM ${source} WHERE t.rowid = ?`).get(rowid) !== undefined) ??
      false

  /** The rows from one rowid to another; gives where it could not go on. */
  function* scan(from: bigint, to: bigint): Generator<Found, bigint | undefined> {
    let next = from
    let held: Omit<Found, "stray"> | undefined
    /** A rowid is trusted when the tree leads to it, or when it stands between those before and after it. */
    function* settle(after: bigint | undefined): Generator<Found> {
      if (held === undefined) return
      const { row, rowid } = held
      held = undefined
      const between = after !== undefined && next <= rowid && (rowid < after || after < next)
      const stray = !between && !leads(rowid)
      yield { rowid, row, stray }
      if (!stray && rowid >= next) next = rowid + 1n
    }
    try {
      for (const row of db.prepare(`${rows} BETWEEN ? AND ? ORDER BY t.rowid`).iterate(from, to)) {
        const rowid = row["rowid_"]
        if (typeof rowid !== "bigint") continue
        yield* settle(rowid)
        held = { rowid, row }
      }
      yield* settle(undefined)
      return undefined
    } catch (cause) {
      if (!isDamage(cause)) throw cause
      yield* settle(undefined)
      return next
    }
  }

  /** The rows of a few rowids, each looked for by itself: where keys are overwritten, a scan passes by some that a search finds. */
  function* single(from: bigint, to: bigint, seen: ReadonlySet<bigint>): Generator<Found> {
    for (let rowid = from; rowid <= to; rowid++) {
      if (seen.has(rowid)) continue
      const row = unlessDamaged(() => db.prepare(`${rows} = ?`).get(rowid))
      if (row !== undefined) yield { rowid, row, stray: false }
    }
  }

  let gap: Lost | undefined
  function* lose(from: bigint, to: bigint): Generator<Lost> {
    if (from === to && leads(from)) return yield { from, to, there: true }
    if (gap !== undefined && gap.to + 1n === from) gap = { ...gap, to }
    else {
      if (gap !== undefined) yield gap
      gap = { from, to, there: false }
    }
  }

  const open = [{ from: lowest, to: highest }]
  let limits: { readonly least: bigint; readonly most: bigint } | undefined
  let inVain = 0
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const narrow = limits !== undefined && range.to - range.from < closely
    const seen = new Set<bigint>()
    const steps = scan(range.from, range.to)
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) {
      if (narrow && !step.value.stray) seen.add(step.value.rowid)
      yield step.value
    }
    const stopped = step.value
    if (stopped === undefined && narrow) yield* single(range.from, range.to, seen)
    if (stopped === undefined || stopped > range.to) continue
    limits ??= bounds(db, table, stopped)
    const from = stopped < limits.least ? limits.least : stopped
    const to = range.to > limits.most ? limits.most : range.to
    if (from > to) continue
    if (stopped === range.from) inVain++
    if (from === to || (inVain > patience && to - from <= (limits.most - limits.least) / parts)) yield* lose(from, to)
    else {
      const middle = from + (to - from) / 2n
      open.push({ from: middle + 1n, to }, { from, to: middle })
    }
  }
  if (gap !== undefined) yield gap
}

/** The rows of a table that has no rowids, numbered from 1, up to the first that cannot be read. */
export function* inOrder(
  db: Handle,
  table: string,
  columns: string
): Generator<Found | { readonly problem: string }, void> {
  let rowid = 0n
  try {
    for (const row of db.prepare(`SELECT ${columns} FROM ${quote(table)} t NOT INDEXED`).iterate()) {
      yield { rowid: ++rowid, row, stray: false }
    }
  } catch (cause) {
    // A virtual table may also be of a module that is not there.
    if (!(cause instanceof Error)) throw cause
    yield { problem: `after ${rowid} rows: ${cause.message}` }
  }
}

/** The rows that an index lists, without a look at the table, as far as they can be read. */
export function* indexRows(db: Handle, table: string, index: string, columns: string): Generator<Found, void> {
  const sql = `SELECT t.rowid AS rowid_, ${columns} FROM ${quote(table)} t INDEXED BY ${quote(index)}`
  try {
    for (const row of db.prepare(sql).iterate()) {
      const rowid = row["rowid_"]
      if (typeof rowid === "bigint") yield { rowid, row, stray: false }
    }
  } catch (cause) {
    if (!isDamage(cause)) throw cause
  }
}
