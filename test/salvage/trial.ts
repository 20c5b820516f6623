/** One damage, its salvage, and what an independent reader of the pages says of both. */
import * as Effect from "effect/Effect"
import { toFile } from "../../src/export/Export.ts"
import { Random } from "../../src/testing/random.ts"
import * as kit from "../snapshot/kit.ts"
import { type Base, base, secret } from "./bases.ts"
import { damages } from "./damages.ts"
import { type Held, heldIn, pagesOf, type Value } from "./oracle.ts"

export interface Trial {
  readonly kind: string
  readonly base: string
  /** What is wrong with the salvage; nothing, when it kept its promises. */
  readonly violations: ReadonlyArray<string>
  readonly outcome: "everything" | "not whole" | "refused"
  /** How many rows of the undamaged database: carried as they were, raw in a line, only named by one, carried with a bit changed. */
  readonly rows: Counts
}

export interface Counts {
  readonly carried: number
  readonly raw: number
  readonly told: number
  readonly changed: number
}

export const nothing: Counts = { carried: 0, raw: 0, told: 0, changed: 0 }

const normal = (value: Value | object | undefined): unknown => {
  if (typeof value === "bigint") return `${value}`
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString("hex")}'`
  if (typeof value === "object" && value !== null) return JSON.stringify(value)
  if (typeof value === "string" && /^[[{]/.test(value)) {
    try {
      return JSON.stringify(JSON.parse(value))
    } catch {
      return value
    }
  }
  return value ?? null
}

/** Rows as text: with the rowid in the place of the id, which stands as NULL in a record. */
const textOf = (values: ReadonlyArray<Value | object | undefined>) => JSON.stringify(values.map(normal))
const ofRecord = ({ rowid, values }: Held) => textOf(values[0] === null ? [Number(rowid), ...values.slice(1)] : values)

interface Line {
  readonly kind?: string
  readonly data?: { readonly [key: string]: Value }
}
interface Rejected {
  readonly table: string | null
  readonly rowid?: number
  readonly rowids?: readonly [number, number]
  readonly page?: number
  readonly why: string
  readonly cells?: { readonly [column: string]: Value }
}

const plurals: { readonly [kind: string]: string } = {
  meta: "meta",
  purge_log: "purge_log",
  sqlite_sequence: "sqlite_sequence",
  project_alias: "project_aliases"
}
const tableOf = (kind: string) => plurals[kind] ?? `${kind}s`

/** Which columns of a row that was carried have a line of their own: what stands there instead is on no page. */
const mendedIn = (left: ReadonlyArray<Rejected>) => {
  const lines = left.filter(({ cells, why }) =>
    cells !== undefined && why.includes("; the rest of the row was carried")
  )
  return (table: string, id: Value | undefined): ReadonlySet<string> =>
    new Set(
      lines.filter((line) => line.table === table && (id === undefined || line.rowid === Number(id)))
        .flatMap(({ cells = {} }) => Object.keys(cells))
    )
}

interface Row {
  readonly table: string
  readonly rowid: number
  readonly text: string
}

/** The rows of the undamaged database, by the pages of its tables. */
const rowsOf = ({ pageSize, tables, uses, whole }: Base): ReadonlyArray<Row> =>
  heldIn(pagesOf(whole, pageSize), "rows").flatMap((held) => {
    const use = uses.get(held.page)
    return use === undefined || !tables.has(use.name) || use.type !== "leaf"
      ? []
      : [{ table: use.name, rowid: Number(held.rowid), text: ofRecord(held) }]
  })

/** Pages of the damaged file, and those of every frame of its log. */
const everyPage = (files: { readonly main: Buffer; readonly wal: Buffer }, pageSize: number) => {
  const { pages } = pagesOf(files.main, pageSize)
  const frames: Array<Uint8Array> = []
  for (let at = 32; at + 24 + pageSize <= files.wal.length; at += 24 + pageSize) {
    frames.push(files.wal.subarray(at + 24, at + 24 + pageSize))
  }
  return { pages, frames }
}

/** The rows of a snapshot. */
const carriedBy = (lines: ReadonlyArray<Line>, tables: Base["tables"]) => {
  const rows: Array<
    { readonly table: string; readonly text: string; readonly values: ReadonlyArray<Value | undefined> }
  > = []
  const ids = new Set<string>()
  for (const { data, kind } of lines) {
    if (kind === undefined || data === undefined || (kind === "meta" && data["key"] === "export_version")) continue
    const table = tableOf(kind)
    const columns = tables.get(table) ?? []
    const values = columns.map((column) => data[column])
    rows.push({ table, text: textOf(values), values })
    // a row without an id is known by its place, which a snapshot does not have
    if (columns[0] === "id") ids.add(`${table} ${Number(data["id"])}`)
  }
  return { rows, ids, texts: new Set(rows.map(({ table, text }) => `${table} ${text}`)) }
}

/** What the rejected file says of a row: all of it, or that it was there. */
const saidBy = (left: ReadonlyArray<Rejected>, tables: Base["tables"]) => {
  const byRowid = new Map<string, Array<Rejected>>()
  for (const line of left) {
    const key = `${line.table} ${line.rowid}`
    byRowid.set(key, [...byRowid.get(key) ?? [], line])
  }
  // what stands in a cell that is no row has no rowid that means anything; a counter is told by the name of its table
  const ranges = left.filter(({ cells, rowid }) => rowid === undefined || cells?.[""] !== undefined)
  return {
    raw: ({ rowid, table, text }: Row) =>
      (byRowid.get(`${table} ${rowid}`) ?? []).some(({ cells = {} }) =>
        textOf((tables.get(table) ?? []).map((column) => cells[column])) === text
      ),
    told: ({ rowid, table, text }: Row) =>
      byRowid.has(`${table} ${rowid}`) ||
      ranges.some(({ cells, rowids, table: of }) =>
        of === table && (rowids === undefined || (rowids[0] <= rowid && rowid <= rowids[1])) &&
        (cells?.["name"] === undefined || text.includes(JSON.stringify(cells["name"])))
      )
  }
}

export const bases = Effect.all([base(1024, false), base(4096, false), base(4096, true), base(1024, true)])

export const kinds = Object.keys(damages)

/** Tries the damage of a number: the same number and bases give the same one. */
export const trial = (all: ReadonlyArray<Base>, seed: number) =>
  Effect.gen(function*() {
    const random = new Random(seed)
    const kind = kinds[seed % kinds.length]!
    const damage = damages[kind]!
    const of = random.pick(all.filter(({ wal }) => damage.log !== true || wal.length > 0))
    const files = damage.make({ main: Buffer.from(of.main), wal: Buffer.from(of.wal) }, of, random)
    const directory = yield* kit.temporary
    const [database, output] = [`${directory}/kata.db`, `${directory}/out.jsonl`]
    yield* kit.writeFile(database, files.main)
    if (files.wal.length > 0) yield* kit.writeFile(`${database}-wal`, files.wal)
    const plain = yield* kit.outcomeOf(toFile({ database, output: `${directory}/plain.jsonl` }))
    const found = yield* kit.outcomeOf(toFile({ database, output, salvage: true, plain: true }))
    const violations: Array<string> = []
    if (plain.outcome !== "ok" && plain.outcome !== "damaged" && plain.outcome !== "validation") {
      violations.push(`an export ends as ${plain.outcome}: ${plain.message}`)
    }
    const trialOf = (outcome: Trial["outcome"], rows = nothing): Trial => ({
      kind,
      base: of.name,
      violations,
      outcome,
      rows
    })
    if (found.value === undefined) {
      const held = heldIn(pagesOf(files.main, of.pageSize), "rows").map(ofRecord)
      const rows = new Set(rowsOf(of).map(({ text }) => text))
      const there = held.filter((text) => rows.has(text)).length
      if (there > 0 || found.outcome !== "damaged") {
        violations.push(`refused as ${found.outcome} (${found.message}), and ${there} rows are there`)
      }
      return trialOf("refused")
    }
    const text = yield* kit.textOf(output)
    const leftText = found.value.rejected_file === null ? "" : yield* kit.textOf(found.value.rejected_file)
    const lines = kit.lines(text).map((line): Line => JSON.parse(line))
    const left = kit.lines(leftText).map((line): Rejected => JSON.parse(line))
    // a log without its end may be without the purge: then nothing was purged
    if (text.includes("{\"kind\":\"purge_log\"") && `${text}${leftText}`.includes(secret)) {
      violations.push("what was purged came back")
    }

    // everything that a page has, but for those that are free, in their place or elsewhere: their rows are gone
    const { frames, pages } = everyPage(files, of.pageSize)
    const size = of.pageSize
    const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")
    const free = new Set(
      pagesOf(of.whole, size).pages.filter((_, i) => !of.uses.has(i + 1)).map(latin)
    )
    const used = pages.map((bytes, i) => !of.uses.has(i + 1) || free.has(latin(bytes)) ? new Uint8Array(size) : bytes)
    const rowsIn = (some: ReadonlyArray<Uint8Array>) => heldIn({ size, pages }, "rows", some).map(ofRecord)
    const held = new Set(rowsIn(used))
    const everything = [
      ...heldIn({ size, pages }, "rows", [...pages, ...frames]),
      // an overflow page of a frame is in the file once the log is in it
      ...heldIn(pagesOf(of.whole, size), "rows")
    ]
    const anywhere = new Set(everything.map(ofRecord))
    const mended = mendedIn(left)
    /** Whether a page has the row as it was carried, but for cells that have their line. */
    const isThere = ({ table, text, values }: ReturnType<typeof carriedBy>["rows"][number]) => {
      if (anywhere.has(text)) return true
      const columns = of.tables.get(table) ?? []
      const cells = mended(table, columns[0] === "id" ? values[0] ?? undefined : undefined)
      const but = (row: ReadonlyArray<Value | undefined>) =>
        textOf(row.map((value, i) => cells.has(columns[i] ?? "") ? "mended" : value))
      return cells.size > 0 && everything.some((held) =>
        held.values.length === columns.length &&
        but(held.values[0] === null ? [Number(held.rowid), ...held.values.slice(1)] : held.values) === but(values)
      )
    }

    const carried = carriedBy(lines, of.tables)
    for (const row of carried.rows) {
      if (damage.silent !== "earlier" && !isThere(row)) {
        violations.push(`${row.table}: carried, and on no page: ${row.text.slice(0, 120)}`)
      }
    }
    // what has mended cells may be of a table that had the same row many times
    const names = carried.rows.filter(({ text }) => anywhere.has(text)).map(({ table, text }) => `${table} ${text}`)
    const twice = names.find((name, at) => names.indexOf(name) < at)
    if (twice !== undefined) {
      violations.push(`a row is carried twice: ${twice.slice(0, 120)}`)
    }
    const sum = { ...nothing }
    const untold: Array<string> = []
    const said = saidBy(left, of.tables)
    /** Whether a row without an id was carried with one of its values changed: nothing else tells which one it was. */
    const isAlmost = ({ table, text }: Row) =>
      of.tables.get(table)?.[0] !== "id" && carried.rows.some((row) => {
        if (row.table !== table) return false
        const values = JSON.parse(text) as ReadonlyArray<unknown>
        const carriedValues = JSON.parse(row.text) as ReadonlyArray<unknown>
        return values.filter((value, i) => JSON.stringify(value) !== JSON.stringify(carriedValues[i])).length === 1
      })
    for (const row of rowsOf(of)) {
      const onPage = held.has(row.text)
      if (carried.texts.has(`${row.table} ${row.text}`)) sum.carried++
      else if (said.raw(row)) sum.raw++
      else if (onPage && files.wal.length === 0) {
        violations.push(`${row.table} ${row.rowid} is on a page, and neither carried nor raw`)
      } else if (said.told(row)) sum.told++
      else if (
        damage.silent === "bytes" && !onPage && (carried.ids.has(`${row.table} ${row.rowid}`) || isAlmost(row))
      ) {
        sum.changed++
      } else untold.push(`${row.table} ${row.rowid}`)
    }
    if (untold.length > 0 && damage.silent !== "earlier") {
      violations.push(`no line for ${untold.length} rows: ${untold.slice(0, 8).join(", ")}`)
      if (found.value.rejected === 0) violations.push("and it ends with 0")
    }
    return trialOf(found.value.rejected === 0 ? "everything" : "not whole", sum)
  }).pipe(Effect.scoped)
