/** What the newest Go kata would stop at when it upgrades a database: asked of one that kata can read. Nothing is changed. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { quoted } from "../files/paths.ts"
import { turn } from "../host/turn.ts"
import { Finding, FindingRow, Findings, shorten } from "../records/Finding.ts"
import { firstContact, isItsTime } from "../records/firstContact.ts"
import type { Format } from "../records/Format.ts"
import { type Kind, rowName } from "../records/Kind.ts"
import { type Described, uniqueRule } from "../records/Rule.ts"
import { systemProject } from "../records/systemProject.ts"
import { Database } from "./Database.ts"
import type { Cell, Row, Session } from "./Session.ts"

/** Rows at once, so that a signal is heard in between. */
const page = 5000
const operation = "look for what stops the newest Go kata"

/** Something that it stops at; `repair`: `kata import --repair` mends it, else only a person can. */
export interface Stop {
  readonly finding: Finding
  readonly repair: boolean
}

const text = (cell: Cell | undefined): string => cell instanceof Uint8Array ? "(bytes)" : String(cell ?? "")

/** Calls it with the selected rows of a table, by their rowid. */
const eachRow = (db: Session, table: string, columns: string, where: string, see: (row: Row) => void) =>
  Effect.iterate(-(2n ** 63n) as bigint | undefined, {
    while: (from) => from !== undefined,
    body: (from) =>
      Effect.zipRight(
        turn,
        Effect.map(
          db.all(
            operation,
            `SELECT t.rowid AS rowid_, ${columns} FROM ${table} t NOT INDEXED WHERE t.rowid >= ? AND (${where})` +
              ` ORDER BY t.rowid LIMIT ${page}`,
            from ?? 0n
          ),
          (rows) => {
            for (const row of rows) see(row)
            const last = rows.at(-1)?.["rowid_"]
            return rows.length === page && typeof last === "bigint" && last < 2n ** 63n - 1n ? last + 1n : undefined
          }
        )
      )
  })

const found = (kind: string, field: string, rule: string, says: string) =>
  ({ kind, field, rule, says, outcome: "carried", blocking: false }) as const

/** Times that it does not read. Asked only of fields in which kata itself has found odd ones. */
const times = (db: Session, kind: Kind, odd: Finding) =>
  Effect.gen(function*() {
    const field = kind.fields.find(({ key }) => key === odd.field)
    const soft = Option.getOrUndefined(field?.soft ?? Option.none())
    if (field === undefined || soft === undefined || field.storage !== "time") return []
    const [mended, left] = [new Findings(), new Findings()]
    const columns = [...new Set([...kind.key, field.key])].map((column) => `t.${column}`).join(", ")
    yield* eachRow(db, kind.table, columns, `NOT (${soft.word.sql(`t.${field.key}`)})`, (row) => {
      const value = text(row[field.key])
      if (isItsTime(value)) return
      const repair = Option.isSome(soft.word.mend?.(value) ?? Option.none())
      const says = "is no time that the newest Go kata reads"
      const key = Object.fromEntries(kind.key.map((column) => [column, text(row[column])]))
      ;(repair ? mended : left).add(
        found(kind.name, field.key, "time", says),
        new FindingRow({ row: rowName(kind, key), value: shorten(value) })
      )
    })
    return [
      ...mended.list.map((finding): Stop => ({ finding, repair: true })),
      ...left.list.map((finding): Stop => ({ finding, repair: false }))
    ]
  })

interface TokenPayload {
  readonly [key: string]: unknown
}

const payloadOf = (row: Row): TokenPayload => {
  const value: unknown = row["payload"] === null ? null : JSON.parse(text(row["payload"]))
  return typeof value === "object" && value !== null ? { ...value } : {}
}

const isToken = (payload: TokenPayload): boolean => {
  const { expires_at, scope, target_actor, token_hash } = payload
  return typeof token_hash === "string" && /^[0-9a-f]{64}$/i.test(token_hash) &&
    typeof target_actor === "string" && target_actor.trim() !== "" && target_actor !== "bootstrap" &&
    (scope === undefined || scope === null || typeof expires_at === "string")
}

/** Events of tokens, from which it makes its table of them. */
const tokens = Effect.fnUntraced(function*(db: Session) {
  const columns = "t.id, t.type, t.project_name, CASE WHEN json_valid(t.payload) THEN t.payload END AS payload, " +
    "(SELECT p.uid FROM projects p NOT INDEXED WHERE p.id = t.project_id) AS uid"
  const findings = new Findings()
  const created = new Set<unknown>()
  const revoked: Array<readonly [id: string, token: unknown]> = []
  yield* eachRow(db, "events", columns, "t.type GLOB 'token.*'", (row) => {
    const id = text(row["id"])
    const payload = payloadOf(row)
    const token = payload["token_id"]
    if (row["uid"] !== systemProject.uid || row["project_name"] !== systemProject.name) {
      const says = `is not ${systemProject.name}, where alone newer Go kata has events of tokens`
      findings.add(
        found("event", "project_name", "token elsewhere", says),
        new FindingRow({ row: id, value: shorten(text(row["project_name"])) })
      )
    }
    if (row["type"] === "token.revoked") revoked.push([id, token])
    else if (row["type"] === "token.created") {
      created.add(token)
      if (typeof token !== "number" || !isToken(payload)) {
        const says = "lacks the id, hash or actor of a token, or a scoped one does not end"
        findings.add(found("event", "payload", "token", says), new FindingRow({ row: id }))
      }
    }
  })
  for (const [id] of revoked.filter(([, token]) => !created.has(token))) {
    const says = "revokes a token that no event has made"
    findings.add(found("event", "payload", "token never created", says), new FindingRow({ row: id }))
  }
  return findings.list.map((finding): Stop => ({ finding, repair: false }))
})

/** Whether a repair does something about the rows of a finding. */
const isMended = (kind: Kind | undefined, { field, rule }: Finding): boolean => {
  const rules: ReadonlyArray<Described> = [
    ...kind?.rules ?? [],
    ...kind?.between ?? [],
    ...(kind?.unique ?? []).map(uniqueRule)
  ]
  return rules.some((one) => one.field === field && one.rule === rule && Option.isSome(one.repair))
}

/**
 * Everything that it would stop at, and what it would leave out, of the database at that path, where `findings` are those of an export of all
 * of it.
 */
export const newestGoKata = Effect.fn("Database.newestGoKata")(
  function*(path: string, format: Format, findings: ReadonlyArray<Finding>) {
    const kindOf = (name: string) => format.kinds.find((kind) => kind.name === name)
    const { view } = yield* Database
    return yield* Effect.scoped(Effect.gen(function*() {
      const { db } = yield* view(path, format)
      const stops: Array<Stop> = []
      for (const finding of findings) {
        const kind = kindOf(finding.kind)
        if (firstContact(finding) === "stops") stops.push({ finding, repair: isMended(kind, finding) })
        else if (finding.rule === "time" && kind !== undefined) stops.push(...(yield* times(db, kind, finding)))
      }
      return {
        stops: [...stops, ...(yield* tokens(db))],
        leftOut: findings.filter((finding) => firstContact(finding) === "leaves out")
      }
    }))
  }
)

type Contact = Effect.Effect.Success<ReturnType<typeof newestGoKata>>
interface Around {
  /** The real path of the database. */
  readonly path: string
  readonly inUse: boolean
  /** What else stops it, a line for each. */
  readonly beside: ReadonlyArray<string>
}

const named = 3
const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`
const sum = (findings: ReadonlyArray<Finding>) => findings.reduce((all, finding) => all + finding.count, 0)
const rowsOf = ({ count, field, kind, rows, says }: Finding) =>
  `${kind} ${rows.slice(0, named).map(({ row }) => shorten(row)).join(", ")}` +
  `${count > named ? ` and ${count - named} more` : ""}: ${field} ${says.replace(/: .*$/, "")}`

/** What a report says of it, and what to do next. */
export const contactReport = ({ leftOut, stops }: Contact, { beside, inUse, path }: Around) => {
  const total = sum(stops.map(({ finding }) => finding)) + beside.length
  const lost = sum(leftOut)
  const repairs = [...stops.filter(({ repair }) => repair), ...leftOut].length > 0
  const without = lost === 0 ? "" : `leave out ${count(lost, "row")} without an issue`
  return {
    status: total + lost > 0 ? "note" as const : "ok" as const,
    says: total > 0
      ? `the newest Go kata would stop at ${count(total, "thing")}${without === "" ? "" : `, and ${without}`}`
      : without === ""
      ? "nothing here would stop the newest Go kata"
      : `the newest Go kata would ${without}`,
    details: [
      ...beside,
      ...stops.map(({ finding, repair }) => `${rowsOf(finding)} (${repair ? "--repair" : "by hand"})`),
      ...leftOut.map((finding) => `left out: ${rowsOf(finding)} (--repair)`)
    ],
    next: total + lost === 0
      ? undefined
      : repairs && beside.length === 0
      ? `${inUse ? "kata daemon stop && " : ""}kata export --output before-repair.jsonl && ` +
        `kata import --input before-repair.jsonl --target ${quoted(path)} --force --repair`
      : "before you let it open this database, see docs/go-kata.md",
    account: {
      stops: total,
      leaves_out: lost,
      at: stops.map(({ finding, repair }) => ({ mended_by: repair ? "repair" as const : "hand" as const, finding }))
    }
  }
}
