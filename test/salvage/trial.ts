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
  /** Rows of the database: carried, in a line, only known to be missing. */
  readonly carried: number
  readonly raw: number
  readonly told: number
}

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
  readonly cells?: { readonly [column: string]: unknown }
}

const tableOf = (kind: string) =>
  ({ meta: "meta", purge_log: "purge_log", sqlite_sequence: "sqlite_sequence" })[kind] ??
    `${kind}${kind.endsWith("s") ? "es" : "s"}`

const plural: { readonly [kind: string]: string } = { project_alias: "project_aliases" }

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
    const trialOf = (outcome: Trial["outcome"], carried = 0, raw = 0, told = 0): Trial => ({
      kind,
      base: of.name,
      violations,
      outcome,
      carried,
      raw,
      told
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
    if (text.includes("\"purge_log\"") && `${text}${leftText}`.includes(secret)) {
      violations.push("what was purged came back")
    }

    // everything that a page has, but for those that were free: their rows are gone
    const { frames, pages } = everyPage(files, of.pageSize)
    const free = new Set<string>()
    for (const [i, bytes] of pagesOf(of.whole, of.pageSize).pages.entries()) {
      if (!of.uses.has(i + 1)) free.add(Buffer.from(bytes).toString("latin1"))
    }
    const size = of.pageSize
    const held = new Set(
      heldIn({
        size,
        pages: pages.map((bytes) => free.has(Buffer.from(bytes).toString("latin1")) ? new Uint8Array(size) : bytes)
      }, "rows")
        .map(ofRecord)
    )
    const anywhere = new Set([
      ...heldIn({ size, pages: [...pages, ...frames] }, "rows").map(ofRecord),
      // an overflow page of a frame is in the file once the log is in it
      ...heldIn(pagesOf(of.whole, size), "rows").map(ofRecord)
    ])
    const inLog = files.wal.length > 0

    const carried = new Map<string, Set<string>>()
    for (const { data, kind } of lines) {
      if (kind === undefined || data === undefined || (kind === "meta" && data["key"] === "export_version")) continue
      const table = plural[kind] ?? tableOf(kind)
      const columns = of.tables.get(table)
      const row = textOf(columns?.map((column) => data[column]) ?? [])
      const rows = carried.get(table) ?? new Set<string>()
      carried.set(table, rows)
      if (rows.has(row)) violations.push(`${table}: carried twice: ${row.slice(0, 80)}`)
      rows.add(row)
      if (!anywhere.has(row) && damage.silent !== true) {
        violations.push(`${table}: carried, and on no page: ${row.slice(0, 120)}`)
      }
    }
    const rawOf = new Map<string, Array<Rejected>>()
    for (const line of left) {
      rawOf.set(`${line.table} ${line.rowid}`, [...rawOf.get(`${line.table} ${line.rowid}`) ?? [], line])
    }
    const isRaw = (row: Row) => {
      const columns = of.tables.get(row.table) ?? []
      return (rawOf.get(`${row.table} ${row.rowid}`) ?? []).some(({ cells = {} }) =>
        textOf(columns.map((column) => cells[column] as Value)) === row.text
      )
    }
    const isTold = ({ rowid, table }: Row) =>
      rawOf.has(`${table} ${rowid}`) ||
      left.some((line) =>
        line.table === table &&
        (line.rowids === undefined ? line.rowid === undefined : line.rowids[0] <= rowid && rowid <= line.rowids[1])
      )
    const sum = { carried: 0, raw: 0, told: 0 }
    const untold: Array<string> = []
    for (const row of rowsOf(of)) {
      if (carried.get(row.table)?.has(row.text) === true) sum.carried++
      else if (isRaw(row)) sum.raw++
      else {
        if (held.has(row.text) && !inLog) {
          violations.push(`${row.table} ${row.rowid} is on a page, and neither carried nor raw`)
        }
        if (isTold(row)) sum.told++
        else untold.push(`${row.table} ${row.rowid}`)
      }
    }
    if (untold.length > 0 && damage.silent !== true) {
      violations.push(`no line for ${untold.length} rows: ${untold.slice(0, 8).join(", ")}`)
    }
    if (untold.length > 0 && found.value.rejected === 0 && damage.silent !== true) {
      violations.push(`ends with 0, and ${untold.length} rows are lost`)
    }
    return trialOf(found.value.rejected === 0 ? "everything" : "not whole", sum.carried, sum.raw, sum.told)
  }).pipe(Effect.scoped)
