/** A workspace of the project `ws`, into which records of Beads are imported by the real command in this process. */
import * as Effect from "effect/Effect"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { place, run } from "../cli/replay/scenario.ts"
import { inside } from "../server/replay/serve.ts"
import { rows } from "../server/sql.ts"
import { here } from "../server/worker.ts"

export const fixtures = fileURLToPath(new URL("../fixtures/beads", import.meta.url))

/** A record with what every one has. */
export const record = (id: string, more: object = {}): object => ({
  id,
  title: `Title ${id}`,
  status: "open",
  priority: 2,
  issue_type: "task",
  created_at: "2026-03-01T10:00:00Z",
  updated_at: "2026-03-01T10:00:00Z",
  ...more
})

export const edge = (from: string, to: string, type: string, created_at = "2026-03-01T10:00:00Z") => ({
  issue_id: from,
  depends_on_id: to,
  type,
  created_at
})

export const jsonl = (...records: ReadonlyArray<object>): string =>
  records.map((one) => `${JSON.stringify(one)}\n`).join("")

export interface Report {
  readonly read: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly skipped: number
  readonly comments: number
  readonly labels: number
  readonly links: number
  readonly unlinked: number
  readonly skipped_why: ReadonlyArray<Noted>
  readonly changes: ReadonlyArray<Noted>
  readonly not_carried: ReadonlyArray<Noted>
  readonly conflicts: ReadonlyArray<{ readonly external_id: string; readonly field: string; readonly kept: string }>
  readonly left_out: ReadonlyArray<{ readonly external_id: string; readonly reason: string }>
  readonly absent: ReadonlyArray<{ readonly external_id: string; readonly done: string }>
  readonly suspect: boolean
}

export interface Noted {
  readonly what: string
  readonly count: number
  readonly examples: ReadonlyArray<string>
}

export interface Issue {
  readonly external_id: string
  readonly short_id: string
  readonly title: string
  readonly body: string
  readonly owner: string | null
  readonly priority: bigint | null
  readonly status: string
  readonly closed_reason: string | null
  readonly author: string
  readonly created_at: string
  readonly updated_at: string
  readonly closed_at: string | null
  readonly metadata: string
}

/** What every run has of the machine. */
const machine = dirname(process.execPath)

/** `worker`: what does the work of an import; the real thing unless given. */
export const workspaceWith = Effect.fn("workspace")(function*(worker: typeof here) {
  const root = yield* place
  const daemon = yield* inside({ worker })
  const cwd = join(root, "ws")
  for (const name of [".git", "bin"]) mkdirSync(join(cwd, name))
  const database = daemon.databasePath
  const kata = (
    argv: ReadonlyArray<string>,
    more: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {}
  ) =>
    run({
      argv,
      cwd,
      daemon,
      stdin: more.stdin,
      variables: {
        KATA_AUTHOR: "ana",
        PATH: [join(cwd, "bin"), machine, "/usr/bin", "/bin"].join(delimiter),
        ...more.env
      }
    })
  const beads = (...argv: ReadonlyArray<string>) => ["import", "--source-format", "beads", ...argv]
  /** Imports a text, which comes over stdin. */
  const bring = (text: string, ...argv: ReadonlyArray<string>) =>
    Effect.map(kata([...beads("--input", "-", ...argv), "--json"], { stdin: text }), (done) => ({
      ...done,
      report: JSON.parse(done.stdout === "" ? "{}" : done.stdout) as Report
    }))
  /** A program `bd`, as lines of a shell. */
  const bd = (script: string, name = "bd") => {
    const path = join(cwd, "bin", name)
    writeFileSync(path, script)
    chmodSync(path, 0o755)
    return path
  }
  const all = <A>(sql: string) => rows(database, sql) as ReadonlyArray<A>
  const issues = () =>
    new Map(
      all<Issue>(
        "SELECT m.external_id, i.* FROM issues i JOIN import_mappings m ON m.issue_id = i.id AND m.object_type = 'issue'"
      ).map((issue) => [issue.external_id, issue])
    )
  const links = () =>
    all<{ readonly said: string }>(
      `SELECT f.external_id || ' ' || l.type || ' ' || t.external_id AS said FROM links l
       JOIN import_mappings f ON f.issue_id = l.from_issue_id AND f.object_type = 'issue'
       JOIN import_mappings t ON t.issue_id = l.to_issue_id AND t.object_type = 'issue' ORDER BY 1`
    ).map(({ said }) => said)
  const labels = (id: string) =>
    all<{ readonly label: string }>(
      `SELECT l.label FROM issue_labels l JOIN import_mappings m ON m.issue_id = l.issue_id AND m.object_type = 'issue'
       WHERE m.external_id = '${id}' ORDER BY 1`
    ).map(({ label }) => label)
  const state = (id: string) => JSON.parse(issues().get(id)?.metadata ?? "{}").beads
  const events = () => Number(all<{ readonly n: bigint }>("SELECT count(*) AS n FROM events")[0]?.n)
  yield* kata(["init"])
  /** All rows that an import may write. */
  const tables = () =>
    ["issues", "issue_labels", "comments", "links", "import_mappings", "events"].map((table) =>
      all(`SELECT * FROM ${table} ORDER BY 1, 2`)
    )
  return { kata, beads, bring, bd, all, issues, links, labels, state, events, tables, cwd, root, database }
})

export const workspace = workspaceWith(here)

/** Those of a kind of note that begin so, counted. */
export const counted = (notes: ReadonlyArray<Noted>, beginning: string): number =>
  notes.filter(({ what }) => what.startsWith(beginning)).reduce((sum, { count }) => sum + count, 0)
