/** What the rules of `npm run mutants` change, and that it is always the same. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { describe, expect, it } from "vitest"
import { equivalents, isAbout } from "./equivalents.mjs"
import { changed, sitesOf } from "./rules.mjs"
import { table } from "./table.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const source = (file: string) => readFileSync(root + file, "utf8")
const mutants = (text: string) => sitesOf("a.ts", text).map((site) => `${site.rule}: ${changed(text, site)}`)

const cases: { readonly [rule: string]: readonly [text: string, mutants: ReadonlyArray<string>] } = {
  "a comparison is turned": ["f(a < b)", ["statement: void 0", "comparison: f(a <= b)", "comparison: f(a >= b)"]],
  "and becomes or": ["f(a && b)", ["statement: void 0", "comparison: f(a || b)"]],
  "a condition is turned": ["const x = a ? 'b' : 'c'", ["comparison: const x = !(a) ? 'b' : 'c'"]],
  "a constant is one off": ["const limit = 10n", ["constant: const limit = 11n", "constant: const limit = 9n"]],
  "a statement is left out": ["close()", ["statement: void 0"]],
  "a step is skipped": ["function* f() { yield* g }", ["await: function* f() { void 0 }"]],
  "one of two steps is skipped": [
    "const both = Effect.zipRight(a, b)",
    ["await: const both = b", "await: const both = a"]
  ],
  "a sync is skipped": [
    "const done = syncDirectory(path), more = (file) => file.sync",
    [
      "sync: const done = Effect.void, more = (file) => file.sync",
      "sync: const done = syncDirectory(path), more = (file) => Effect.void"
    ]
  ],
  "a query is turned": [
    "const rows = sql`WHERE id > ${after} LIMIT 5`",
    [
      "comparison: const rows = sql`WHERE id >= ${after} LIMIT 5`",
      "comparison: const rows = sql`WHERE id <= ${after} LIMIT 5`",
      "constant: const rows = sql`WHERE id > ${after} LIMIT 6`",
      "constant: const rows = sql`WHERE id > ${after} LIMIT 4`"
    ]
  ],
  "a type is none of it": ["type One = 1; import { a } from 'a'", []]
}

describe("by rule", () => {
  it.each(Object.entries(cases))("%s", (_, [text, expected]) => {
    expect(mutants(text)).toEqual(expected)
  })
})

describe("the files of the table", () => {
  const all = Object.keys(table).flatMap((file) => sitesOf(file, source(file)))

  it("have sites of every rule, the same each time, and what stands there is TypeScript", () => {
    expect([...new Set(all.map(({ rule }) => rule))].toSorted()).toEqual([
      "await",
      "comparison",
      "constant",
      "statement",
      "sync"
    ])
    expect(Object.keys(table).flatMap((file) => sitesOf(file, source(file)))).toEqual(all)
    const wrong = all.filter((site) => {
      const parsed = ts.createSourceFile(site.file, changed(source(site.file), site), ts.ScriptTarget.ES2022)
      // TypeScript keeps what does not parse there, and leaves it out of its types; to transpile each takes six times as long
      return (parsed as unknown as { readonly parseDiagnostics: ReadonlyArray<unknown> }).parseDiagnostics.length > 0
    })
    expect(wrong.map(({ after, file, line }) => `${file}:${line} ${after}`)).toEqual([])
  })

  it("have what the list of equivalents names, each once and with a reason", () => {
    for (const entry of equivalents) {
      expect(entry.reason.length).toBeGreaterThan(10)
      expect(all.filter((site) => isAbout(site, entry)).length, JSON.stringify(entry)).toBeGreaterThan(0)
    }
    const keys = equivalents.map(({ after, before, file }) => `${file}\n${before}\n${after}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
