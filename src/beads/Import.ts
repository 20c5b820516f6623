/**
 * Beads becomes issues of a project:
 *
 *     bd, a file ──lines──▶ records ──survey──▶ mapping ──rows──▶ daemon: merge, one transaction ──▶ report
 *
 * Everything is read and mapped before the daemon hears of anything, and it has all rows before it writes the first. The records are read
 * twice, from a private file: what one of them becomes depends on which others there are.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { FileError } from "../files/FileError.ts"
import { spool } from "../files/Spool.ts"
import { Brought } from "../ledger/imports/importBrought.ts"
import type { Head } from "../ledger/imports/importRow.ts"
import { phase } from "../Progress.ts"
import { write } from "../records/json.ts"
import type { Input } from "../snapshot/input.ts"
import { Account } from "./account.ts"
import { type Bodies, type CommentMode, fetchBodies } from "./bodies.ts"
import { BeadsIncomplete, BeadsRecordRefused } from "./errors.ts"
import { defaultMaxLine, type Numbered, records } from "./lines.ts"
import { type MappingOptions, rowOf } from "./mapping.ts"
import { exported, type Program } from "./program.ts"
import { type BdOptions, open, type Opened } from "./source.ts"
import { stateKey } from "./state.ts"
import { skipOf, Survey } from "./survey.ts"
import { Uniting } from "./unite.ts"

export interface BeadsOptions extends Omit<BdOptions, "needsComments" | "limits">, MappingOptions {
  /** Instead of `bd`. */
  readonly input: Input<FileError> | undefined
  readonly limits?: BdOptions["limits"]
  readonly comments: CommentMode
  readonly includeInfra: boolean
  readonly parentsFromIds: boolean
  readonly keepBoth: boolean
  readonly skipInvalid: boolean
  readonly isLenient: boolean
  readonly maxLine?: number | undefined
  readonly policy: Head["on_conflict"]
  readonly prune: boolean
  readonly force: boolean
  readonly rename?: Head["rename"]
  /** What the workspace is called: issues of one never meet those of another. */
  readonly source: string
  readonly dryRun: boolean
}

/** Hands rows to the daemon: all of them are written, or none. */
export type Send<E, R> = (rows: Stream.Stream<Uint8Array, FileError>) => Effect.Effect<Brought, E, R>

const Noted = Schema.Array(
  Schema.Struct({ what: Schema.String, count: Schema.Int, examples: Schema.Array(Schema.String) })
)

export class BeadsReport extends Schema.Class<BeadsReport>("BeadsReport")({
  input: Schema.String,
  /** That of `bd`, where it was asked. */
  bd_version: Schema.NullOr(Schema.String),
  dry_run: Schema.Boolean,
  /** Records that came in: created + updated + unchanged + skipped. */
  read: Schema.Int,
  created: Schema.Int,
  updated: Schema.Int,
  unchanged: Schema.Int,
  skipped: Schema.Int,
  skipped_why: Noted,
  comments: Schema.Int,
  labels: Schema.Int,
  links: Schema.Int,
  unlinked: Schema.Int,
  /** What is otherwise here than there. */
  changes: Noted,
  /** What is not here. */
  not_carried: Noted,
  conflicts: Brought.fields.conflicts,
  left_out: Brought.fields.left_out,
  absent: Brought.fields.absent,
  suspect: Schema.Boolean,
  /** The entry of the history by which `kata undo` takes it back; null when nothing was changed. */
  entry: Schema.NullOr(Schema.String)
}) {}

/** The first reading. */
const surveyed = <E, R>(found: Stream.Stream<Numbered, E, R>, account: Account, options: BeadsOptions) =>
  Effect.suspend(() => {
    const survey = new Survey()
    return Stream.runForEach(found, ({ read }) =>
      Effect.sync(() => {
        if (read.is === "issue") survey.add(read.record, options.includeInfra)
        else if (read.is === "memory") account.skip("memory")
        else {
          account.skip("record of another kind", read.type)
          account.lose("records of kinds that this version does not know", read.type)
        }
      })).pipe(
        Effect.tap(() => Effect.sync(() => survey.settle(account, options.parentsFromIds))),
        Effect.as(survey)
      )
  })

const refuseTwins = (input: string, { twins: [twins] }: Survey) =>
  twins === undefined ? Effect.void : new BeadsRecordRefused({
    input,
    line: twins.lines[1],
    record: twins.id,
    reason: `is another issue than that of line ${twins.lines[0]}: title and time of creation differ`,
    next: `--on-duplicate keep-both takes both, the second as ${twins.id}~2`
  })

/** Edges that the records count and do not carry: a program is to say them, of a file they are lost. */
const checkEdges = ({ input, program }: Opened, { entries }: Survey, account: Account) => {
  const without = [...entries].filter(([, { edges, skip }]) => edges > 0 && skip === undefined)
  const [[record, { edges }] = ["", { edges: 0 }]] = without
  if (program !== undefined && without.length > 0) {
    return new BeadsIncomplete({ input, record, edges, records: without.length })
  }
  for (const [id, { edges }] of without) {
    account.lose("dependencies that the records count and do not carry", id, edges)
  }
  return Effect.void
}

const line = (value: unknown) => `${write(value)}\n`

/** A row with its state, which is JSON already, as it is spelled. */
const rowLine = ({ state, ...row }: { readonly state: string }) => `${write(row).slice(0, -1)},"state":${state}}\n`

/** The second reading: each record as a line for the daemon, or as nothing and counted. */
const rowsOf = <E, R>(
  found: Stream.Stream<Numbered, E, R>,
  head: Head,
  input: string,
  survey: Survey,
  bodies: Bodies,
  account: Account,
  options: BeadsOptions,
  done: { issues: number }
) =>
  Stream.suspend(() => {
    const uniting = new Uniting(survey, account)
    const mapped = Stream.mapConcatEffect(found, ({ line: number, read }) =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        for (const unit of read.is === "issue" ? uniting.take(read.record) : []) {
          const { name, record } = unit
          const skip = name === record.id ? survey.entries.get(record.id)?.skip : skipOf(record, options.includeInfra)
          if (skip !== undefined) {
            account.skip(skip, name)
            lines.push(line({ kind: "other", external_id: name, deleted: skip === "tombstone" }))
            continue
          }
          const row = rowOf(unit, survey, account, options, bodies.get(name))
          if ("reason" in row) {
            return yield* new BeadsRecordRefused({
              input,
              line: number,
              record: name,
              ...row,
              next: "without --strict it is repaired and reported"
            })
          }
          done.issues++
          lines.push(rowLine(row))
        }
        return lines
      }))
    return Stream.succeed(line(head)).pipe(
      Stream.concat(mapped),
      Stream.concat(Stream.suspend(() => Stream.succeed(line({ kind: "end", issues: done.issues })))),
      Stream.encodeText
    )
  })

const digest = (bytes: Stream.Stream<Uint8Array, FileError>) =>
  Effect.map(
    Stream.runFold(bytes, createHash("sha256"), (hash, piece) => hash.update(piece)),
    (hash) => hash.digest("hex")
  )

/** Comments are asked for one after the other, and Beads may have been changed meanwhile: then the next import brings the rest. */
const compared = Effect.fnUntraced(
  function*(before: Opened, program: Program, account: Account, options: BeadsOptions) {
    const after = yield* exported(program, options.limits)
    const [a, b] = [yield* digest(before.bytes), yield* digest(after.stdout.bytes)]
    if (a !== b) {
      account.note("Beads was changed while its comments were read: import again for what is new", before.input)
    }
  }
)

const imported = Effect.fnUntraced(function*<E, R>(options: BeadsOptions, send: Send<E, R>) {
  yield* phase("reading Beads")
  const prepared = Effect.gen(function*() {
    const account = new Account()
    const opened = yield* open(options.input, { ...options, needsComments: options.comments !== "none" }, account)
    const { input, program } = opened
    const lineOptions = {
      input,
      hasNotices: program !== undefined,
      isLenient: options.isLenient,
      skipInvalid: options.skipInvalid,
      maxLine: options.maxLine ?? defaultMaxLine
    }
    const survey = yield* surveyed(records(opened.bytes, lineOptions, account), account, options)
    if (!options.keepBoth) yield* refuseTwins(input, survey)
    yield* checkEdges(opened, survey, account)
    const bodies = yield* fetchBodies(survey, account, program, options.comments, options.limits)
    const head: Head = {
      kind: "head",
      actor: options.actor,
      source: options.source,
      key: stateKey,
      on_conflict: options.policy,
      prune: options.prune,
      force: options.force,
      dry_run: options.dryRun,
      ...(options.rename === undefined ? {} : { rename: options.rename })
    }
    if (program !== undefined && bodies.size > 0) yield* compared(opened, program, account, options)
    const done = { issues: 0 }
    const found = records(opened.bytes, lineOptions)
    const rows = yield* spool(rowsOf(found, head, input, survey, bodies, account, options, done))
    if (done.issues + account.skippedCount !== account.read) {
      return yield* Effect.dieMessage(
        `${account.read} records are not ${done.issues} issues and ${account.skippedCount} that were skipped`
      )
    }
    return { account, input, program, rows }
  })
  const { account, input, program, rows } = yield* Effect.interruptible(
    Effect.retry(prepared, { times: 1, while: (error) => error instanceof BeadsIncomplete })
  )
  yield* phase("writing issues", { bytes: rows.size })
  const { source: _, entry = null, gone, ...brought } = yield* send(rows.bytes)
  for (let i = 0; i < gone; i++) account.skip("deleted in kata, and stays so")
  const { changes, lost, read, skipped, skippedCount } = account
  return new BeadsReport({
    ...brought,
    entry,
    input,
    bd_version: program?.version?.join(".") ?? null,
    read,
    skipped: skippedCount,
    skipped_why: skipped,
    changes,
    not_carried: lost
  })
})

/** Imports; nothing is written unless everything is valid. */
export const importBeads = <E, R>(options: BeadsOptions, send: Send<E, R>) =>
  Effect.scoped(imported(options, send)).pipe(Effect.withSpan("Beads.import"))
