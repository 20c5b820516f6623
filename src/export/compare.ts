/** Holds a snapshot against a database, record by record, and names the first differences. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Database } from "../database/Database.ts"
import { type Page, pages } from "../database/pages.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { phase } from "../Progress.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { version10 } from "../records/kinds.ts"
import { read } from "../records/line.ts"
import { unwatched } from "../records/Soundness.ts"
import type { Input } from "../snapshot/input.ts"
import { opened, VerifyReport } from "../snapshot/verify.ts"
import { resolve } from "./scope.ts"

/** How many differences are named. */
const named = 20

export class Difference extends Schema.Class<Difference>("Difference")({
  kind: Schema.String,
  row: Schema.String,
  what: Schema.Literal("only in the snapshot", "only in the database", "different"),
  /** The fields that differ. */
  fields: Schema.Array(Schema.String)
}) {}

export class CompareReport extends VerifyReport.extend<CompareReport>("CompareReport")({
  database: Schema.String,
  equal: Schema.Boolean,
  only_in_snapshot: Schema.Int,
  only_in_database: Schema.Int,
  different: Schema.Int,
  /** The first of them. */
  differences: Schema.Array(Difference)
}) {}

/** The lines of one kind, one after the other, read a page at a time. */
class Cursor<E> {
  private lines: ReadonlyArray<string> = []
  private at = 0
  private ended = false
  private readonly pull: Effect.Effect<Chunk.Chunk<Page>, Option.Option<E>>

  constructor(pull: Effect.Effect<Chunk.Chunk<Page>, Option.Option<E>>) {
    this.pull = pull
  }

  /** The line that comes next; none at the end. */
  get current(): string | undefined {
    return this.lines[this.at]
  }

  /** Whether `current` means something: else `fill` must run. */
  get ready(): boolean {
    return this.ended || this.at < this.lines.length
  }

  next(): void {
    this.at++
  }

  get fill(): Effect.Effect<void, E> {
    return this.pull.pipe(
      Effect.map((chunk) => {
        const text = Buffer.concat(Chunk.toReadonlyArray(chunk).map((page) => page.bytes)).toString("utf8")
        this.lines = text.split("\n").slice(0, -1)
        this.at = 0
      }),
      Effect.catchAll((end) =>
        Option.match(end, { onNone: () => Effect.sync(() => void (this.ended = true)), onSome: Effect.fail })
      )
    )
  }
}

const recordOf = (format: Format, line: string): AnyRecord =>
  Either.getOrThrowWith(
    read(format, line),
    (problem) => new Error(`kata wrote a line that it cannot read: ${problem.reason}`)
  )
    .record

/** The order of the file: numbers as numbers, text by its bytes. */
const order = (kind: Kind, a: AnyRecord, b: AnyRecord): number => {
  for (const column of kind.key) {
    const [x, y] = [a[column], b[column]]
    const sign = typeof x === "string" || typeof y === "string"
      ? Buffer.compare(Buffer.from(String(x)), Buffer.from(String(y)))
      : (x ?? 0) < (y ?? 0)
      ? -1
      : (x ?? 0) > (y ?? 0)
      ? 1
      : 0
    if (sign !== 0) return sign
  }
  return 0
}

/** JSON with the characters that Go kata alone escapes as they are; `\\u003c` is a backslash and letters. */
const unescaped = (json: string): string =>
  json.replace(
    /\\(?:u(003[ce]|0026|202[89])|[^])/gi,
    (all, hex?: string) => hex === undefined ? all : String.fromCharCode(Number.parseInt(hex, 16))
  )

const fieldsThatDiffer = (kind: Kind, a: AnyRecord, b: AnyRecord) =>
  kind.fields.filter(({ key, storage }) => {
    const [x, y] = [a[key], b[key]]
    return x !== y && !(storage === "json" && unescaped(String(x)) === unescaped(String(y)))
  }).map(({ key }) => key)

const compareKind = <E>(
  format: Format,
  kind: Kind,
  snapshot: Stream.Stream<Page, E>,
  database: Stream.Stream<Page, E>,
  note: (difference: Difference) => void
): Effect.Effect<void, E, Scope.Scope> =>
  Effect.gen(function*() {
    const left = new Cursor(yield* Stream.toPull(snapshot))
    const right = new Cursor(yield* Stream.toPull(database))
    const only = (what: "only in the snapshot" | "only in the database", record: AnyRecord) =>
      note(new Difference({ kind: kind.name, row: rowName(kind, record), what, fields: [] }))
    for (;;) {
      while (!left.ready) yield* left.fill
      while (!right.ready) yield* right.fill
      // As long as both have lines at hand there is nothing to wait for.
      do {
        const [a, b] = [left.current, right.current]
        if (a === undefined && b === undefined) return
        if (a === b) {
          left.next()
          right.next()
          continue
        }
        const x = a === undefined ? undefined : recordOf(format, a)
        const y = b === undefined ? undefined : recordOf(format, b)
        const sign = x === undefined ? 1 : y === undefined ? -1 : order(kind, x, y)
        if (sign < 0 && x !== undefined) only("only in the snapshot", x)
        else if (sign > 0 && y !== undefined) only("only in the database", y)
        else if (x !== undefined && y !== undefined) {
          const fields = fieldsThatDiffer(kind, x, y)
          if (fields.length > 0) {
            note(new Difference({ kind: kind.name, row: rowName(kind, x), what: "different", fields }))
          }
        }
        if (sign <= 0) left.next()
        if (sign >= 0) right.next()
      } while (left.ready && right.ready)
    }
  })

/** Verifies a snapshot and compares what is in it with the same part of a database. */
export const verifyAgainst = <E = never>(input: Input<E>, database: string, format: Format = version10) =>
  Effect.scoped(Effect.gen(function*() {
    const { header, report, stage } = yield* opened(input, format)
    const view = yield* (yield* Database).view(database, format)
    const uids = header === undefined || header.scope === "database" ? [] : header.scope.projects
    const { scope } = yield* resolve(view, format, {
      projects: uids.map((uid) => ({ uid })),
      includeDeleted: header?.live_only !== true
    })
    const counts = new Map<string, number>()
    const differences: Array<Difference> = []
    yield* phase("comparing")
    for (const kind of format.kinds) {
      yield* Effect.scoped(
        compareKind(
          format,
          kind,
          pages(stage.db, format, kind, wholeDatabase, unwatched),
          pages(view.db, format, kind, scope, unwatched),
          (difference) => {
            counts.set(difference.what, (counts.get(difference.what) ?? 0) + 1)
            if (differences.length < named) differences.push(difference)
          }
        )
      )
    }
    yield* view.confirm
    return new CompareReport({
      ...report,
      database: view.path,
      equal: differences.length === 0,
      only_in_snapshot: counts.get("only in the snapshot") ?? 0,
      only_in_database: counts.get("only in the database") ?? 0,
      different: counts.get("different") ?? 0,
      differences
    })
  }))
