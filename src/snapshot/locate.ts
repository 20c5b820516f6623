/** In which line of the file a row stands. Asked only when something is refused: it takes another reading of the file. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { blocking, Finding, FindingRow } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { rowName } from "../records/Kind.ts"
import { type Opened, records } from "./input.ts"

/** The keys of a finding's row: of rows that are there twice, all of them. */
const keysOf = (row: FindingRow) => row.row.split(", ")

/** The findings with lines, if any of them is blocking; of several rows in one finding, the last one is named. */
export const locate = (input: Opened, format: Format, findings: ReadonlyArray<Finding>) =>
  Effect.gen(function*() {
    const wanted = new Map<string, Set<string>>()
    for (const finding of blocking(findings)) {
      for (const row of finding.rows.filter((row) => row.line === undefined)) {
        const keys = wanted.get(finding.kind) ?? new Set()
        for (const key of keysOf(row)) keys.add(key)
        wanted.set(finding.kind, keys)
      }
    }
    if (wanted.size === 0) return findings
    const lines = new Map<string, number>()
    yield* Stream.runForEach(Stream.fromChannel(records(input, { format })), ({ kind, records }) =>
      Effect.sync(() => {
        const keys = wanted.get(kind.name)
        if (keys === undefined) {
          return
        }
        for (const { line, record } of records) {
          const name = rowName(kind, record)
          if (keys.has(name)) {
            lines.set(`${kind.name} ${name}`, line)
          }
        }
      }))
    return findings.map((finding) =>
      new Finding({
        ...finding,
        rows: finding.rows.map((row) => {
          const known = keysOf(row).flatMap((key) => lines.get(`${finding.kind} ${key}`) ?? [])
          return row.line !== undefined || known.length === 0
            ? row
            : new FindingRow({ ...row, line: Math.max(...known) })
        })
      })
    )
  })
