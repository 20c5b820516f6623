/** Databases and exports of Go kata's older versions, and a writer of such exports that shares nothing with `src/`. */
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { hash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"

const folder = fileURLToPath(new URL("../fixtures/go-legacy/", import.meta.url))

/** The versions of which there are fixtures; 5 was never released. */
export const versions = [1, 2, 3, 4, 6, 7, 8, 9] as const

export const names = (directory: string): ReadonlyArray<string> => readdirSync(folder + directory).toSorted()
export const fixture = (name: string): string => readFileSync(folder + name, "utf8")

/** The bytes of a fixture that is compressed. */
export const unpacked = (name: string): Buffer => gunzipSync(readFileSync(folder + name))

/** The database of a fixture, as a private copy. */
export const copyOf = (name: string) =>
  Effect.flatMap(kit.temporary, (directory) => kit.writeFile(`${directory}/old.db`, unpacked(`${name}.db.gz`)))

/** A database, open while it is used. */
export const opened = <A>(path: string, use: (db: Sqlite.Database) => A) =>
  Effect.sync(() => {
    const db = new Sqlite(path)
    try {
      return use(db.defaultSafeIntegers())
    } finally {
      db.close()
    }
  })

/** With changes of the test's own. */
export const edited = (path: string, sql: string) => opened(path, (db) => void db.exec(sql))

/** The database of a fixture, as a private copy that is open while it is used. */
export const database = <A>(name: string, use: (db: Sqlite.Database) => A) =>
  Effect.flatMap(copyOf(name), (path) => opened(path, use))

/** Every file of a directory with its bytes. */
export const filesOf = (directory: string) =>
  Effect.flatMap(
    kit.filesBelow(directory),
    (names) =>
      Effect.forEach(names, (name) =>
        Effect.map(kit.bytesOf(`${directory}/${name}`), (bytes) => `${name} ${hash("sha256", bytes)}`))
  )

// ---- what a file of a version has -------------------------------------------------------------------------------------

/** A key, with `!` when it is null in the file and `?` when it is left out for NULL, and `:j` for raw JSON. */
type Keys = string

const between = (n: number, from: number, to: number, keys: Keys): Keys => n >= from && n <= to ? keys : ""
const since = (n: number, from: number, keys: Keys) => between(n, from, 99, keys)
const until = (n: number, to: number, keys: Keys) => between(n, 1, to, keys)

/** The kinds of a version in order, with their keys in order: the tables of the specification. */
export const kindsOf = (n: number): ReadonlyArray<readonly [kind: string, table: string, order: string, keys: Keys]> =>
  ([
    [
      "project",
      "projects",
      "id",
      `id ${since(n, 2, "uid")} ${until(n, 6, "identity")} name created_at ${until(n, 7, "next_issue_number")} ${
        since(n, 4, "deleted_at?")
      }`
    ],
    [
      "project_alias",
      "project_aliases",
      "id",
      "id project_id alias_identity alias_kind root_path created_at last_seen_at"
    ],
    [
      "issue",
      "issues",
      "id",
      `id ${since(n, 2, "uid")} project_id ${n < 8 ? "number" : "short_id"} title body status closed_reason! owner! ${
        since(n, 6, "priority?")
      } author created_at updated_at closed_at! deleted_at!`
    ],
    ["comment", "comments", "id", "id issue_id author body created_at"],
    ["issue_label", "issue_labels", "issue_id, label", "issue_id label author created_at"],
    [
      "link",
      "links",
      "id",
      `id project_id from_issue_id ${since(n, 2, "from_issue_uid")} to_issue_id ${
        since(n, 2, "to_issue_uid")
      } type author created_at`
    ],
    [
      since(n, 5, "import_mapping"),
      "import_mappings",
      "id",
      "id source external_id object_type project_id issue_id? comment_id? link_id? label? source_updated_at? imported_at"
    ],
    [
      "event",
      "events",
      "id",
      `id ${since(n, 3, "uid origin_instance_uid")} project_id ${
        n < 7 ? "project_identity" : "project_name"
      } issue_id! ${since(n, 2, "issue_uid!")} ${until(n, 7, "issue_number!")} related_issue_id! ${
        since(n, 2, "related_issue_uid!")
      } type actor payload:j created_at`
    ],
    [
      "purge_log",
      "purge_log",
      "id",
      `id ${since(n, 3, "uid origin_instance_uid")} project_id purged_issue_id ${
        since(n, 2, "issue_uid! project_uid!")
      } ${n < 7 ? "project_identity" : "project_name"} ${
        n < 8 ? "issue_number" : "short_id?"
      } issue_title issue_author comment_count link_count label_count event_count events_deleted_min_id!` +
      " events_deleted_max_id! purge_reset_after_event_id! actor reason! purged_at"
    ],
    ["sqlite_sequence", "sqlite_sequence", "name", "name seq"]
  ] as const).filter(([kind]) => kind !== "")

export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>

const textual = (key: string) => /(_at|^title|^name|^body|_by)$/.test(key)

/** One line of a file of version `n`. */
export const line = (kind: string, keys: Keys, row: Row): string => {
  const members = keys.split(" ").filter((key) => key !== "").flatMap((spelled) => {
    const key = spelled.replace(/[!?]|:j/g, "")
    const value = row[key]
    if (value === undefined || (value === null && spelled.endsWith("?"))) return []
    if (spelled.endsWith(":j")) return [`"${key}":${String(value)}`]
    const text = value instanceof Uint8Array ? Buffer.from(value).toString() : value
    return [`"${key}":${
      text === null
        ? "null"
        : typeof text === "string" || textual(key)
        ? kit.goEscapes(JSON.stringify(String(text)))
        : String(text)
    }`]
  })
  return `{"kind":"${kind}","data":{${members.join(",")}}}`
}

const meta = (key: string, value: string) => line("meta", "key value", { key, value })

/** What the old kata would have exported of a database, plain. */
export const exportOf = (db: Sqlite.Database, n: number): string => {
  const all = (sql: string) => db.prepare<[], Row>(sql).all()
  const lines = [meta("export_version", String(n))]
  for (const { key, value } of all("SELECT * FROM meta ORDER BY key")) lines.push(meta(String(key), String(value)))
  for (const [kind, table, order, keys] of kindsOf(n)) {
    for (const row of all(`SELECT * FROM ${table} ORDER BY ${order}`)) lines.push(line(kind, keys, row))
  }
  return `${lines.join("\n")}\n`
}

// ---- what comes of it -------------------------------------------------------------------------------------------------

/** The lines of what a restore of a file holds, as Go kata would write them. */
export const restored = (text: string, name: string) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const report = yield* kit.restore(kit.text(text, name), `${directory}/new.db`)
    return { report, path: `${directory}/new.db`, lines: kit.lines(yield* kit.exportedAsGo(`${directory}/new.db`)) }
  })

const instance = /"instance_uid","value":"([^"]*)"/

/** Files of versions 1 and 2 name no instance: each restore makes one. */
export const sameInstance = (lines: ReadonlyArray<string>, as: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [mine, other] = [lines, as].map((some) => instance.exec(some.join("\n"))?.[1] ?? "")
  return lines.map((line) => line.replaceAll(mine ?? "", other ?? ""))
}

/** An array of links with uids beside it. */
export const mixed = /"((?:blocks|blocked_by|related)_(?:added|removed))":\[([^\]]*)\],"\1_uids":\[([^\]]*)\]/g

/** A line of ours without the numbers that no issue has, and the nulls, which Go kata drops when it knows another number beside them (W9). */
export const withoutUnknown = (line: string): string =>
  line.replace(mixed, (_, field: string, ids: string, uids: string) => {
    const known = uids.split(",").map((uid) => uid !== "null")
    const kept = (list: string) => list.split(",").filter((_, i) => known[i]).join()
    return `"${field}":[${kept(ids)}],"${field}_uids":[${kept(uids)}]`
  })

const projectName = /"project_name":"(?:[^"\\]|\\.)*"/
const keyOf = (line: string) => /^\{"kind":"(?:event|purge_log)","data":\{"id":\d+/.exec(line)?.[0]

/** Go kata's result, with the names that the file has in events and purges: Go kata replaces them by present ones (W27). */
export const withNamesOf = (file: string, expected: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = new Map(kit.lines(file).map((line) => [keyOf(line), projectName.exec(line)?.[0]]))
  return expected.map((line) => {
    const kept = keyOf(line) === undefined ? undefined : names.get(keyOf(line))
    return kept === undefined ? line : line.replace(projectName, () => kept)
  })
}

/** Databases of which there is no export, and what the upgrade of Go kata made of them. */
export const databases: ReadonlyArray<readonly [database: string, names: number]> = [
  ...versions.map((n) => [`v${n}/minimal`, 0] as const),
  ...versions.map((n) => [`v${n}/rich`, n < 7 ? 0 : 19] as const),
  ["v1/odd-times", 0],
  ["v3/no-instance-uid", 0],
  ["v6/duplicate-names", 0],
  ["v7/numbers", 0],
  ["v8/go-time", 0],
  ["v8/bad-time", 0],
  ["v9/moved-issue", 0],
  ["v9/no-instance-uid", 0]
]

/** What Go kata drops of `v7/numbers`, and ours has. */
export const kept: ReadonlyArray<string> = [
  `"blocks_added":["7mdt",90,"n6mv"],` +
  `"blocks_added_uids":["01M82VXKC512YRRMFJJZTD7MDT",null,"01M82VXKDW7Y74JHJZP1EZN6MV"]`,
  `"blocked_by_removed":[null,"7mdt"],"blocked_by_removed_uids":[null,"01M82VXKC512YRRMFJJZTD7MDT"]`,
  `"blocks_added":[0,-1,"7mdt"],"blocks_added_uids":[null,null,"01M82VXKC512YRRMFJJZTD7MDT"]`
]

/** An export of a database, with its report. */
export const exportOfDatabase = (path: string, options?: Omit<Export.ExportOptions, "database">) =>
  Effect.gen(function*() {
    const pieces: Array<Uint8Array> = []
    const report = yield* Export.into(
      { database: path, ...options },
      // what cannot be carried goes to a file beside it
      `${path}.jsonl`,
      Stream.runForEach((piece) => Effect.sync(() => void pieces.push(piece)))
    )
    return { report, text: Buffer.concat(pieces).toString("utf8") }
  })
