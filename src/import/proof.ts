/**
 * The proof that a restore holds what the file says (D5). The finished database is read again, on a fresh connection, through the same
 * pages as an export. For a sealed file that nothing changed, the bytes must be those of the seal; for every other, the sum over its
 * records must be the same. The one is made of the lines of the file, the other of rows of the database: no mistake can be in both.
 */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { View } from "../database/Database.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { recordPages } from "../export/source.ts"
import type { FailureKind } from "../Failure.ts"
import { turn } from "../host/turn.ts"
import { phase } from "../Progress.ts"
import type { Finding } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { unwatched } from "../records/Soundness.ts"
import type { ContentSum } from "../snapshot/digest.ts"
import { type Opened, records } from "../snapshot/input.ts"
import type { Header } from "../snapshot/seal.ts"
import type { Examined } from "../snapshot/verify.ts"
import { write, type Written } from "../snapshot/write.ts"

/** The new database does not hold what the file says. Nothing was replaced. */
export class ProofFailed extends Schema.TaggedError<ProofFailed>()("ProofFailed", {
  file: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "internal" satisfies FailureKind
  override get message() {
    return `${this.file}: the restored database does not hold what the file says: ${this.reason}`
  }
  get hint() {
    return "nothing was replaced. This is a bug in kata; please report it with the file, if you may share it"
  }
}

/** What the new database holds was compared with: the seal of the file, or the sum over its records. */
export const Proof = Schema.Literal("seal", "sum")
export type Proof = typeof Proof.Type

const exported = (view: View, format: Format, header: Header | undefined, sound: boolean, sum: boolean) => {
  // Nothing waits for a file here: a signal would not be heard before the end.
  const pages = Stream.toChannel(
    Stream.tap(recordPages(view, format, wholeDatabase, sound ? undefined : unwatched), () => turn)
  )
  return Effect.map(Channel.runDrain(write(format, pages, header, { sum })), ([written]) => written)
}

/**
 * SQLite's own checks, a table at a time, so that a signal is heard in between. They are a second net: on a connection that may not write,
 * SQLite looks at no CHECK, and what holds there are the rules that were asked of each row.
 */
const integrity = (view: View, { kinds }: Format, file: string) =>
  Effect.forEach(kinds, ({ table }) =>
    Effect.gen(function*() {
      const problems = yield* view.db.all(
        `check the table ${table}`,
        `SELECT integrity_check AS problem FROM pragma_integrity_check('${table}')`
      )
      const orphans = yield* view.db.all(
        `check the table ${table}`,
        `SELECT rowid AS id, parent FROM pragma_foreign_key_check('${table}') LIMIT 1`
      )
      const problem = problems.map((row) => String(row["problem"])).find((text) => text !== "ok")
      if (problem !== undefined) return yield* new ProofFailed({ file, reason: `${table}: ${problem}` })
      if (orphans[0] !== undefined) {
        return yield* new ProofFailed({
          file,
          reason: `${table}, row ${orphans[0]["id"]} points at no row of ${orphans[0]["parent"]}`
        })
      }
      yield* turn
    }), { discard: true })

/** Kinds of which a repair may add records: a sequence or a version that was missing. */
const grown = new Set(["meta", "sqlite_sequence"])

/** How many records of each kind the file has and the database has, where the findings do not account for the difference. */
const unaccounted = ({ kinds }: Format, read: Counted, written: Written, findings: ReadonlyArray<Finding>) =>
  kinds.flatMap(({ name }) => {
    const [there, here] = [read.get(name) ?? 0, written.records.get(name) ?? 0]
    const dropped = findings.filter(({ field, kind, outcome }) =>
      kind === name && (outcome === "dropped" || (outcome === "lost" && field === undefined))
    )
      .reduce((sum, { count }) => sum + count, 0)
    return there - dropped === here || (grown.has(name) && there - dropped <= here)
      ? []
      : [`${name}: ${there} in the file, ${dropped} left out, ${here} in the database`]
  })

/** Records of each kind. */
type Counted = ReadonlyMap<string, number>

const contentsDiffer = (file: string) => new ProofFailed({ file, reason: "the counts agree, the contents differ" })

/** SQLite's checks, the rows once more, and their counts. */
const readAgain = Effect.fnUntraced(function*(
  view: View,
  format: Format,
  of: {
    readonly file: string
    readonly read: Counted
    readonly header: Header | undefined
    readonly sound: boolean
    readonly sum: boolean
  },
  findings: ReadonlyArray<Finding>
) {
  yield* phase("proving", { rows: [...of.read.values()].reduce((sum, n) => sum + n, 0) })
  yield* integrity(view, format, of.file)
  const written = yield* exported(view, format, of.header, of.sound, of.sum)
  const counts = unaccounted(format, of.read, written, findings)
  if (counts.length > 0) return yield* new ProofFailed({ file: of.file, reason: counts.join("; ") })
  return written
})

/**
 * Proves a database that was made of the records of another one: it must hold as many as were `read`, and `sum` must be that of them.
 * Gives the records by kind.
 */
export const proveSum = Effect.fn("Import.proveSum")(function*(
  view: View,
  format: Format,
  of: { readonly file: string; readonly read: Counted; readonly sum: ContentSum },
  findings: ReadonlyArray<Finding>
) {
  const written = yield* readAgain(view, format, { ...of, header: undefined, sound: false, sum: true }, findings)
  if (written.sum?.hex !== of.sum.hex) return yield* contentsDiffer(of.file)
  return written.records
})

/**
 * `changed`: something was repaired, transformed or given a new identity, so that the seal cannot hold any more. `findings` account for
 * every record that was left out. Gives what held, and the records of the database by kind.
 */
export const prove = Effect.fn("Import.prove")(
  function*(
    view: View,
    format: Format,
    input: Opened,
    examined: Examined,
    changed: boolean,
    findings: ReadonlyArray<Finding>
  ) {
    const { reading, sound } = examined
    const { header } = reading
    const bySeal = reading.sealed && !changed
    const of = { file: input.name, read: reading.records, header, sound, sum: !bySeal }
    const written = yield* readAgain(view, format, of, findings)
    const proven = (proof: Proof) => ({ proof, records: written.records })
    if (bySeal && written.sha256 === reading.sha256) return proven("seal")
    // A sealed file in another spelling or order than ours: its bytes cannot come back, its records must.
    const [found, expected] = bySeal
      ? [
        (yield* exported(view, format, header, sound, true)).sum,
        (yield* Channel.runDrain(records(input, { format, sum: "always" }))).sum
      ]
      : [written.sum, examined.sum]
    if (found === undefined || found.hex !== expected?.hex) {
      return yield* contentsDiffer(input.name)
    }
    return proven("sum")
  }
)
