/** Hand-made exports of versions after 10, with what version 10 holds of them and what it loses; and a way to convert records without a file. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import type { Finding } from "../../src/records/Finding.ts"
import type { AnyRecord } from "../../src/records/Kind.ts"
import { version10 } from "../../src/records/kinds.ts"
import { read, write } from "../../src/records/line.ts"
import type { Loss } from "../../src/records/losses.ts"
import { newerFormat } from "../../src/records/versions/newer.ts"
import { type Held, type KnownOfNewer, toVersion10 } from "../../src/records/versions/newerToV10.ts"
import * as kit from "../snapshot/kit.ts"

const folder = fileURLToPath(new URL("../fixtures/go-newer/", import.meta.url))

export const versions = [12, 16, 17, 18, 19, 20, 21, 22, 23, 25, 28, 30, 32] as const
export const file = (version: number): string => readFileSync(`${folder}v${version}/export.jsonl`, "utf8")

/** What the database has of a text that the writer of 28 and later spelled anew in its export: that cannot be undone. */
const spelled = { inDatabase: `"a":"x\\/\\u003c\\u00e9"`, inExport: `"a":"x/\\u003cé"` }

/** The database, as a private copy. */
export const database = (version: number) =>
  Effect.flatMap(
    kit.temporary,
    (directory) => kit.writeFile(`${directory}/kata.db`, gunzipSync(readFileSync(`${folder}v${version}/kata.db.gz`)))
  )

/** What version 10 holds of the database. */
export const stored = (version: number): ReadonlyArray<string> =>
  kit.lines(readFileSync(`${folder}v${version}/expected-v10.jsonl`, "utf8"))

/** What version 10 holds of the export. */
export const expected = (version: number): string => {
  const text = readFileSync(`${folder}v${version}/expected-v10.jsonl`, "utf8")
  if (!text.includes(spelled.inDatabase)) throw new Error("the fixture has no text in another spelling")
  return version < 28 ? text : text.replace(spelled.inDatabase, () => spelled.inExport)
}

const names: { readonly [theirs: string]: string } = {
  "link cross-project": "link.cross_project",
  "import_mapping of a lost link": "mapping.of_lost_link",
  "sqlite_sequence of a table that version 10 has not": "sequence.unknown_table"
}

/** What `expected.json` counts of an export, by the names of losses; `filled`: what is no loss. */
export const counts = (version: number) => {
  const { derived_and_left_out: derived = {}, not_held_by_version_10: all } = JSON.parse(
    readFileSync(`${folder}v${version}/expected.json`, "utf8")
  ) as {
    readonly derived_and_left_out?: Readonly<Record<string, number>>
    readonly not_held_by_version_10: Readonly<Record<string, number>>
  }
  const of = (isFilled: boolean) =>
    Object.fromEntries(
      Object.entries(all).filter(([name]) => !/\(database only|\(export only/.test(name))
        .filter(([name]) => name.endsWith(" filled") === isFilled)
        .map(([name, n]) => [names[name] ?? name.replace(/^kind /, "").replace(/ filled$/, ""), n])
    )
  const tokens = all["api_tokens.last_used_at (database only)"] ?? 0
  return {
    lost: of(false),
    filled: of(true),
    /** What can be made again, and is told as left out. */
    derived: Object.fromEntries(Object.entries(derived).map(([name, n]) => [name.replace(/^kind /, ""), n])),
    /** What only the database has. */
    onlyStored: tokens === 0 ? {} : { "api_tokens.last_used_at": tokens },
    /** Events of which newer Go kata's export clears what its database has: the uid of an issue that never arrived. */
    cleared: all["event.related_issue_uid cleared by the writer (export only)"] ?? 0
  }
}

/** How often each loss is in a list. */
export const tally = (losses: ReadonlyArray<Pick<Loss, "name">>): Readonly<Record<string, number>> => {
  const n: Record<string, number> = {}
  for (const { name } of losses) n[name] = (n[name] ?? 0) + 1
  return n
}

/** What the findings of a report say is lost, and filled. */
export const told = (findings: ReadonlyArray<Finding>) => {
  const sum = (of: ReadonlyArray<readonly [string, number]>) =>
    of.reduce<Record<string, number>>((all, [name, n]) => ({ ...all, [name]: (all[name] ?? 0) + n }), {})
  return {
    lost: sum(findings.flatMap(({ count, loss }) => loss === undefined ? [] : [[loss, count] as const])),
    filled: sum(
      findings.filter(({ field, kind, outcome }) =>
        outcome === "upgraded" && kind === "project_alias" && field !== undefined
      )
        .map(({ count, field, kind }) => [`${kind}.${field}`, count] as const)
    )
  }
}

export interface Converted {
  readonly kind: string
  readonly before: AnyRecord
  readonly held: Held
}

/** All records of a text through the step alone; what it asks is answered from the lines before. */
export const convert = (version: number, text: string): ReadonlyArray<Converted> => {
  const format = newerFormat(version)!
  const rows = new Map<string, AnyRecord>()
  const lost = new Set<string>()
  let reserved: AnyRecord[string]
  const known: KnownOfNewer = {
    projectUid: (id) => String(rows.get(`project ${String(id)}`)!["uid"]),
    projectOf: (id) => rows.get(`issue ${String(id)}`)?.["project_id"],
    isLostLink: (id) => lost.has(String(id)),
    get reserved() {
      return reserved
    }
  }
  return kit.lines(text).map((line) => {
    const { kind: { name: kind }, record } = Either.getOrThrowWith(
      read(format, line),
      (e) => new Error(`${e.reason}: ${line}`)
    )
    rows.set(`${kind} ${String(record["id"])}`, record)
    const held = Either.getOrThrowWith(
      toVersion10(kind, record, known),
      ({ field, says }) => new Error(`${field} ${says}`)
    )
    if (held.losses[0]?.name === "link.cross_project") lost.add(String(record["id"]))
    if (kind === "project_purge_log") reserved = record["purge_reset_after_event_id"]
    return { kind, before: record, held }
  })
}

/** The lines that version 10 has of what was converted, as Go kata writes them; but for the version in the first one. */
export const linesOf = (converted: ReadonlyArray<Converted>): ReadonlyArray<string> =>
  converted.flatMap(({ held: { record }, kind }) => {
    const of = version10.kinds.find(({ name }) => name === kind)
    if (record === undefined || of === undefined) return []
    const said = kind === "meta" && record["key"] === "export_version" ? { ...record, value: "10" } : record
    return [kit.goEscapes(write(of, said))]
  })
