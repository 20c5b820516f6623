/**
 * Files of older versions: a generated database, made older, as a file of its version; and what the specification says that it becomes, worked
 * out here a second time, on parsed values and without a stage.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { canonicalTime, ulid } from "../../src/testing/arbitraries.ts"
import { content } from "../../src/testing/contents.ts"
import { build, type Content, type Row } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { kindsOf, line } from "../versions/kit.ts"
import { complaints } from "./dump.ts"
import { property } from "./Property.ts"

const number = FC.oneof(FC.integer({ min: -1, max: 9 }), FC.constant(null))
const links = ["blocks_added", "blocked_by_removed", "related_added"]
const payload = FC.oneof(
  FC.record({
    type: FC.constantFrom("issue.linked", "issue.unlinked"),
    payload: FC.record({ from_number: number, to_number: number, z: FC.string() })
  }),
  FC.record({
    type: FC.constant("issue.created"),
    payload: FC.record({
      links: FC.array(FC.oneof(FC.record({ type: FC.string(), to_number: number }), FC.constant(null))),
      a: number
    })
  }),
  FC.record({
    type: FC.constant("issue.links_changed"),
    payload: FC.record({ parent_set: number, ...Object.fromEntries(links.map((key) => [key, FC.array(number)])) }, {
      requiredKeys: []
    })
  })
)

/** What is drawn beside a database of version 10, to make it older. */
const old = FC.record({
  version: FC.integer({ min: 1, max: 9 }),
  content,
  ulids: FC.uniqueArray(ulid, { minLength: 30, maxLength: 30, comparator: (a, b) => a.slice(10) === b.slice(10) }),
  times: FC.array(canonicalTime.filter((time) => time >= "1970"), { minLength: 10, maxLength: 10 }),
  names: FC.array(FC.constantFrom("app", "app-2", "", " \u00a0", "project-1", "App"), { minLength: 4, maxLength: 4 }),
  numbers: FC.array(FC.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 }),
  payloads: FC.array(payload, { minLength: 6, maxLength: 6 })
})

type Old = typeof old extends FC.Arbitrary<infer A> ? A : never
type Rows = { readonly [table: string]: ReadonlyArray<Row> }

/** The rows of the older database: sound, with what its version needs. */
const aged = ({ content, names, numbers, payloads, times, ulids, version }: Old): Rows => {
  // SQLite and JavaScript spell fractions otherwise.
  const rows = (table: string): ReadonlyArray<Row> =>
    (content[table] ?? []).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, typeof value === "number" ? times[0]! : value])
      )
    )
  const issues: ReadonlyArray<Row> = rows("issues").map((row, i) => ({
    ...row,
    uid: ulids[i]!,
    number: numbers[i]!,
    short_id: ulids[i]!.slice(-10).toLowerCase(),
    created_at: times[i]!,
    recurrence_id: null,
    occurrence_key: null
  }))
  const uidOf = (id: unknown) => issues.find((issue) => Object.is(issue["id"], id))?.["uid"] ?? null
  const projects = rows("projects").map((row, i) => ({
    ...row,
    uid: ulids[10 + i]!,
    identity: `example.com/${i}`,
    next_issue_number: 10n,
    name: version < 7 ? names[i]! : row["name"]!,
    created_at: times[i]!
  }))
  return {
    ...Object.fromEntries(Object.keys(content).map((table) => [table, rows(table)])),
    meta: [
      { key: "instance_uid", value: ulids[29]! },
      ...rows("meta").filter(({ key }) => !["instance_uid", "schema_version", "export_version"].includes(String(key)))
    ],
    projects,
    issues,
    recurrences: [],
    links: rows("links").map((row) => ({
      ...row,
      from_issue_uid: uidOf(row["from_issue_id"]),
      to_issue_uid: uidOf(row["to_issue_id"])
    })),
    import_mappings: version < 5 ? [] : rows("import_mappings"),
    events: rows("events").map((row, i) => ({
      ...row,
      uid: ulids[15 + i]!,
      project_identity: "an identity",
      issue_number: null,
      issue_uid: i % 2 === 0 ? uidOf(row["issue_id"]) : null,
      related_issue_uid: i % 2 === 0 ? uidOf(row["related_issue_id"]) : null,
      type: payloads[i]!.type,
      payload: JSON.stringify(payloads[i]!.payload),
      created_at: times[i]!
    })),
    purge_log: rows("purge_log").map((row, i) => ({
      ...row,
      uid: ulids[22 + i]!,
      project_identity: "an identity",
      issue_number: 7n,
      purged_at: times[i]!
    }))
  }
}

/** A file of the version. */
const fileOf = (version: number, rows: Rows): string => {
  const meta = [{ key: "export_version", value: String(version) }, ...(rows["meta"] ?? []), {
    key: "schema_version",
    value: String(version)
  }]
  const sequences = new Set((rows["sqlite_sequence"] ?? []).map(({ name }) => name))
  return [
    ...meta.filter(({ key }) => version > 2 || key !== "instance_uid").map((row) => line("meta", "key value", row)),
    ...kindsOf(version).flatMap(([kind, table, , keys]) =>
      (rows[table] ?? []).filter(({ name }) =>
        table !== "sqlite_sequence" || name !== "import_mappings" || sequences.has(name)
      )
        .map((row) => line(kind, keys, row))
    )
  ].map((line) => `${line}\n`).join("")
}

// ---- the rules, as the specification says them ------------------------------------------------------------------------

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
const stable = (seed: string, time: string): string => {
  const hash = createHash("sha256").update(seed).digest().subarray(0, 10)
  const bits = (BigInt(Date.parse(time)).toString(2).padStart(48, "0") +
    [...hash].map((byte) => byte.toString(2).padStart(8, "0")).join("")).padStart(130, "0")
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join("")
}

interface Named {
  readonly short_id: string
  readonly uid: string
}
type Find = (number: unknown) => Named | undefined
type Payload = Record<string, unknown>

const sorted = (object: Payload): Payload =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))

const rewritten = (type: string, before: Payload, find: Find): Payload => {
  const after: Payload = { ...before }
  if (type === "issue.linked" || type === "issue.unlinked") {
    for (const end of ["from", "to"]) {
      const issue = find(before[`${end}_number`])
      if (issue === undefined) continue
      delete after[`${end}_number`]
      Object.assign(after, { [`${end}_short_id`]: issue.short_id, [`${end}_uid`]: issue.uid })
    }
  } else if (type === "issue.created") {
    const links = before["links"] as ReadonlyArray<Payload | null>
    if (links.some((link) => link !== null && find(link["to_number"]) !== undefined)) {
      after["links"] = links.map((link) => {
        if (link === null) return null
        const { to_number: to, ...rest } = link
        const issue = find(to)
        return sorted(issue === undefined ? link : { ...rest, to_short_id: issue.short_id, to_issue_uid: issue.uid })
      })
    }
  } else {
    const parent = find(before["parent_set"])
    if (parent !== undefined) Object.assign(after, { parent_set: parent.short_id, parent_set_uid: parent.uid })
    for (const key of links) {
      const found = (before[key] as ReadonlyArray<unknown> | undefined)?.map((one) => ({ one, issue: find(one) })) ?? []
      if (found.every(({ issue }) => issue === undefined)) continue
      after[key] = found.map(({ issue, one }) => issue?.short_id ?? one)
      after[`${key}_uids`] = found.map(({ issue }) => issue?.uid ?? null)
    }
  }
  return JSON.stringify(after) === JSON.stringify(before) ? before : sorted(after)
}

const named = (projects: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const taken = new Set<unknown>()
  return projects.map((row) => {
    const base = String(row["name"]).trim() === "" ? `project-${String(row["id"])}` : String(row["name"])
    let name = base
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`
    taken.add(name)
    return { ...row, name }
  })
}

const shortIds = (issues: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const taken = new Set<string>()
  const found = new Map<unknown, string>()
  for (const { project_id: project, uid } of issues.toSorted((a, b) => String(a["uid"]) < String(b["uid"]) ? -1 : 1)) {
    const ends = Array.from({ length: 23 }, (_, i) => String(uid).slice(-4 - i).toLowerCase())
    const end = ends.find((end) => !taken.has(`${String(project)} ${end}`))!
    taken.add(`${String(project)} ${end}`)
    found.set(uid, end)
  }
  return issues.map((row) => ({ ...row, short_id: found.get(row["uid"])! }))
}

/** The rows of version 10. */
const upgraded = (version: number, rows: Rows, instance: string): Content => {
  const all = (table: string) => rows[table] ?? []
  const fresh = (word: string, row: Row, time: string, id = row["id"]) =>
    stable(`${word}:${String(row["project_id"])}:${String(id)}`, String(row[time]))
  const projects = named(
    all("projects").map((row) => ({
      ...row,
      uid: version > 1
        ? row["uid"]!
        : stable(`project:${String(row["id"])}:${String(row["identity"])}`, String(row["created_at"])),
      metadata: "{}",
      revision: 1n,
      deleted_at: version < 4 ? null : row["deleted_at"]!
    }))
  )
  const withUids = all("issues").map((row) => ({
    ...row,
    uid: version > 1 ? row["uid"]! : fresh("issue", row, "created_at", row["number"]),
    priority: version < 6 ? null : row["priority"]!,
    metadata: "{}",
    revision: 1n
  }))
  const issues: ReadonlyArray<Row> = version < 8 ? shortIds(withUids) : withUids
  const of = (table: ReadonlyArray<Row>, id: unknown, field: string) =>
    table.find((row) => Object.is(row["id"], id))?.[field]
  const find = (project: unknown): Find => (number) => {
    if (typeof number !== "number" || number <= 0) return undefined
    // Of two issues with the same number, the last.
    const issue = issues.findLast((row) => Object.is(row["project_id"], project) && Number(row["number"]) === number)
    return issue && { short_id: String(issue["short_id"]), uid: String(issue["uid"]) }
  }
  const own = (word: string, row: Row, time: string) =>
    version > 2
      ? { uid: row["uid"]!, origin_instance_uid: row["origin_instance_uid"]! }
      : { uid: fresh(word, row, time), origin_instance_uid: instance }
  return {
    ...rows,
    meta: [...all("meta").filter(({ key }) => key !== "instance_uid"), { key: "instance_uid", value: instance }, {
      key: "schema_version",
      value: "10"
    }],
    projects,
    issues,
    links: all("links").map((row) => ({
      ...row,
      from_issue_uid: of(issues, row["from_issue_id"], "uid")!,
      to_issue_uid: of(issues, row["to_issue_id"], "uid")!
    })),
    events: all("events").map((row) => ({
      ...row,
      ...own("event", row, "created_at"),
      project_name: version < 7 ? of(projects, row["project_id"], "name")! : row["project_name"]!,
      issue_uid: of(issues, row["issue_id"], "uid") ?? null,
      related_issue_uid: of(issues, row["related_issue_id"], "uid") ?? null,
      payload: version < 8
        ? JSON.stringify(
          rewritten(String(row["type"]), JSON.parse(String(row["payload"])) as Payload, find(row["project_id"]))
        )
        : row["payload"]!
    })),
    purge_log: all("purge_log").map((row) => ({
      ...row,
      ...own("purge", row, "purged_at"),
      short_id: version < 8 ? null : row["short_id"]!,
      issue_uid: (version > 1 ? row["issue_uid"] : null) ?? of(issues, row["purged_issue_id"], "uid") ?? null,
      project_uid: (version > 1 ? row["project_uid"] : null) ?? of(projects, row["project_id"], "uid") ?? null,
      project_name: version < 7 ? of(projects, row["project_id"], "name") ?? "an identity" : row["project_name"]!
    }))
  }
}

const columnsOf = (rows: Content): Content => {
  const extra = ["identity", "next_issue_number", "number", "issue_number", "project_identity"]
  return Object.fromEntries(
    Object.entries(rows).map(([table, rows]) => [
      table,
      rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !extra.includes(key))))
    ])
  )
}

export const olderVersions = property(
  "content",
  "a file of an older version becomes what the rules of the specification make of it",
  12,
  old,
  (old) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      const { version } = old
      const rows = aged(old)
      yield* fs.writeFileString(at("old"), fileOf(version, rows))
      const verified = yield* verify(at("old"))
      assert.strictEqual(verified.version, version)
      assert.ok(verified.restorable, verified.findings.map(({ line }) => line).join("\n"))
      const homes = { kataHome: directory, userHome: directory }
      const { instance_uid: instance, proof } = yield* restore({ input: at("old"), target: at("new.db"), homes })
      assert.strictEqual(proof, "sum")
      assert.deepStrictEqual(yield* complaints(at("new.db")), [])
      yield* build(at("expected.db"), columnsOf(upgraded(version, rows, String(instance))))
      for (const name of ["new", "expected"]) {
        yield* toFile({ database: at(`${name}.db`), output: at(name), plain: true })
      }
      assert.deepStrictEqual(
        (yield* fs.readFileString(at("new"))).split("\n"),
        (yield* fs.readFileString(at("expected"))).split("\n")
      )
    })
)
