/** `kata import --source-format beads`: what it is asked, and what people are told of it. */
import * as Options from "@effect/cli/Options"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CommentMode } from "../beads/bodies.ts"
import { BeadsReport, importBeads } from "../beads/Import.ts"
import { sourceOf } from "../beads/named.ts"
import * as Process from "../beads/process.ts"
import { read } from "../client/Client.ts"
import { Brought } from "../ledger/imports/importBrought.ts"
import { discover } from "../workspace/workspace.ts"
import { actor } from "./actor.ts"
import { text, texts, toggle } from "./Argv.ts"
import { inProject, startPath } from "./daemon.ts"
import { Environment } from "./Environment.ts"
import { inputOf } from "./input.ts"
import * as Output from "./Output.ts"
import { field, plural } from "./report.ts"
import { quote } from "./terminal.ts"
import { UsageError } from "./UsageError.ts"

const only = (words: string) => `with beads: ${words}`
const optional = (name: string, placeholder: string, words: string) =>
  text(name, placeholder).pipe(Options.withDescription(only(words)), Options.withDefault(undefined))
const flag = (name: string, words: string) => toggle(name, false).pipe(Options.withDescription(only(words)))

export const beadsOptions = {
  bd: optional("bd", "path", "the program to ask, instead of the bd on PATH"),
  comments: optional(
    "comments",
    "mode",
    "auto asks bd for those that its export does not carry, all asks for those of every issue, none asks for none"
  ),
  onConflict: optional(
    "on-conflict",
    "side",
    "kata, beads, newer or fail: who is right where both have changed the same since the last import; kata unless given"
  ),
  onDuplicate: optional("on-duplicate", "keep-both", "two issues that have got one id both come, the second as ID~2"),
  prune: optional(
    "prune",
    "close",
    "what Beads has no more is closed here (audit-no-change), besides its label beads-deleted"
  ),
  parentsFromIds: flag("parents-from-ids", "x.1 is a child of x where no edge says otherwise"),
  ownerFrom: optional("owner-from", "field", "assignee or owner: whose issue it is; assignee unless given"),
  closedStatus: texts("closed-status", "words").pipe(
    Options.withDescription(only("statuses of your own that mean closed, by commas"))
  ),
  includeInfra: flag("include-infra", "also ephemeral records, templates, and those of the machinery of agents"),
  mergeIdenticalComments: flag("merge-identical-comments", "of comments that say the same at the same time one comes"),
  rename: optional("rename", "old=new", "the prefix of all ids was changed since the last import"),
  source: optional(
    "source",
    "name",
    "what this workspace is called, where several go into one project; the same each time"
  ),
  skipInvalid: flag("skip-invalid", "leave out lines that are no records, and list them (exit 9)"),
  lenient: flag("lenient", "bytes that are no text become U+FFFD"),
  strict: flag("strict", "blank titles and times that are none are errors"),
  maxLine: optional("max-line", "bytes", "the longest line that is taken; 16777216 unless given"),
  yes: flag("yes", "also a Beads database that is outside of the workspace")
}

export interface BeadsFlags {
  readonly input: ReadonlyArray<string>
  readonly dryRun: boolean
  readonly force: boolean
  readonly bd: string | undefined
  readonly comments: string | undefined
  readonly onConflict: string | undefined
  readonly onDuplicate: string | undefined
  readonly prune: string | undefined
  readonly parentsFromIds: boolean
  readonly ownerFrom: string | undefined
  readonly closedStatus: ReadonlyArray<string>
  readonly includeInfra: boolean
  readonly mergeIdenticalComments: boolean
  readonly rename: string | undefined
  readonly source: string | undefined
  readonly skipInvalid: boolean
  readonly lenient: boolean
  readonly strict: boolean
  readonly maxLine: string | undefined
  readonly yes: boolean
}

/** One of some words, or the first of them when nothing was said. */
const oneOf = <const Words extends readonly [string, ...ReadonlyArray<string>]>(
  name: string,
  said: string | undefined,
  words: Words
): Effect.Effect<Words[number], UsageError> => {
  if (said === undefined) return Effect.succeed(words[0])
  const found = words.find((word) => word === said)
  return found === undefined
    ? Effect.fail(
      new UsageError({ reason: `--${name}: ${words.filter((word) => word !== "").join(", ")}, got ${said}` })
    )
    : Effect.succeed(found)
}

const renameOf = (word: string | undefined) => {
  if (word === undefined) return Effect.succeed(undefined)
  const [, from = "", to = ""] = /^([^=]+)=([^=]+)$/.exec(word) ?? []
  return from === ""
    ? Effect.fail(new UsageError({ reason: `--rename: OLD=NEW, got ${word}` }))
    : Effect.succeed({ from, to })
}

const sizeOf = (word: string | undefined) =>
  word === undefined
    ? Effect.succeed(undefined)
    : /^[1-9]\d{0,9}$/.test(word)
    ? Effect.succeed(Number(word))
    : Effect.fail(new UsageError({ reason: `--max-line: a number of bytes, got ${word}` }))

/** A workspace by the name that a flag gives it. */
export const sourceIn = (name: string | undefined) =>
  Effect.mapError(sourceOf(name), (wrong) => new UsageError({ reason: `--source: ${wrong}` }))

/** A large import is written in one go, and its answer comes when that is done. */
const patience = Duration.hours(1)

export const runBeads = (flags: BeadsFlags) =>
  Effect.gen(function*() {
    const policy = yield* oneOf("on-conflict", flags.onConflict, ["kata", "beads", "newer", "fail"])
    const comments: CommentMode = yield* oneOf("comments", flags.comments, ["auto", "all", "none"])
    const ownerFrom = yield* oneOf("owner-from", flags.ownerFrom, ["assignee", "owner"])
    const keepBoth = yield* oneOf("on-duplicate", flags.onDuplicate, ["", "keep-both"])
    const prune = yield* oneOf("prune", flags.prune, ["", "close"])
    const rename = yield* renameOf(flags.rename)
    const source = yield* sourceIn(flags.source)
    const maxLine = yield* sizeOf(flags.maxLine)
    const [file, ...more] = flags.input
    if (more.length > 0) return yield* new UsageError({ reason: "import --source-format beads reads one --input" })
    const { variables: env } = yield* Environment
    const start = yield* startPath
    const { client, project } = yield* inProject
    const { gitRoot, root } = yield* Effect.orElseSucceed(
      discover(start),
      (): { readonly root?: string | undefined; readonly gitRoot?: string | undefined } => ({})
    )
    return yield* importBeads(
      {
        input: file === undefined ? undefined : yield* inputOf(file),
        bd: flags.bd,
        workspace: root ?? gitRoot ?? start,
        env,
        yes: flags.yes,
        actor: (yield* actor).actor,
        closed: new Set(flags.closedStatus.flatMap((words) => words.split(",")).map((word) => word.trim())),
        ownerFrom,
        mergeIdentical: flags.mergeIdenticalComments,
        isStrict: flags.strict,
        comments,
        includeInfra: flags.includeInfra,
        parentsFromIds: flags.parentsFromIds,
        keepBoth: keepBoth === "keep-both",
        skipInvalid: flags.skipInvalid,
        isLenient: flags.lenient,
        maxLine,
        policy: policy === "beads" ? "source" : policy,
        prune: prune === "close",
        force: flags.force,
        rename,
        source,
        dryRun: flags.dryRun
      },
      (lines) =>
        Effect.flatMap(
          client.call("importRows", { path: { project_id: project.id }, lines, timeout: patience }),
          read(Brought)
        )
    )
  }).pipe(Effect.scoped, Effect.provide(Process.layer))

const examples = (all: ReadonlyArray<string>) => all.length === 0 ? "" : `: ${all.slice(0, 3).join("; ")}`

const noted = (notes: BeadsReport["changes"]) =>
  notes.map(({ count, examples: first, what }) => `  ${count} ${what}${examples(first)}`)

const absentWords = ({ absent, suspect }: BeadsReport): ReadonlyArray<string> => [
  ...(suspect
    ? [
      "note: more than half of what came before is not there; nothing was done about it (--force takes it for deleted)"
    ]
    : []),
  ...(absent.length === 0 ? [] : [
    `${plural(absent.length, "issue")} of earlier imports no more in Beads, labeled beads-deleted:`,
    ...absent.slice(0, 10).map(({ done, external_id, issue_short_id }) =>
      `  ${external_id} (${issue_short_id})${done === "closed" ? ", closed" : ""}`
    )
  ])
]

const conflictWords = ({ conflicts }: BeadsReport): ReadonlyArray<string> =>
  conflicts.length === 0 ? [] : [
    `${plural(conflicts.length, "field")} changed on both sides:`,
    ...conflicts.slice(0, 10).map(({ external_id, field, issue_short_id, kept }) =>
      `  ${field} of ${external_id} (${issue_short_id}): ${
        kept === "kata" ? "kata's was kept" : "that of Beads was taken"
      }`
    )
  ]

const lossWords = ({ not_carried: lost }: BeadsReport): ReadonlyArray<string> =>
  lost.length === 0 ? [] : ["NOT CARRIED OVER:", ...noted(lost)]

export const beadsFormat = Output.report(BeadsReport, {
  human: (report) => [
    `${report.dry_run ? "would import" : "imported"} beads: created ${report.created}, updated ${report.updated}, ` +
    `unchanged ${report.unchanged}, comments ${report.comments}, links ${report.links}` +
    (report.dry_run ? " (dry run, nothing was written)" : ""),
    field("from", report.input + (report.bd_version === null ? "" : ` (bd ${report.bd_version})`)),
    field(
      "records",
      `${report.read}: ${report.created} created + ${report.updated} updated + ${report.unchanged} unchanged + ${report.skipped} skipped`
    ),
    ...(report.skipped_why.length === 0 ? [] : ["skipped:", ...noted(report.skipped_why)]),
    ...(report.changes.length === 0 ? [] : ["otherwise than in Beads:", ...noted(report.changes)]),
    ...conflictWords(report),
    ...(report.left_out.length === 0 ? [] : [
      "links left out:",
      ...report.left_out.slice(0, 10).map(({ external_id, reason }) => `  ${external_id}: ${reason}`)
    ]),
    ...absentWords(report),
    ...lossWords(report),
    // by its name: of a server elsewhere it is the database there that has it, and here nothing is taken back in its place
    ...(report.entry === null ? [] : [field("go back", `kata undo --to ${report.entry}`)])
  ],
  agent: (report) => [
    `OK import source_format=beads dry_run=${report.dry_run} created=${report.created} updated=${report.updated}` +
    ` unchanged=${report.unchanged} comments=${report.comments} links=${report.links} read=${report.read}` +
    ` skipped=${report.skipped} conflicts=${report.conflicts.length} absent=${report.absent.length}` +
    ` not_carried=${report.not_carried.reduce((sum, { count }) => sum + count, 0)}` +
    (report.entry === null ? "" : ` entry=${report.entry}`),
    ...report.skipped_why.map(({ count, what }) => `- skipped what=${quote(what)} count=${count}`),
    ...report.changes.map(({ count, what }) => `- change what=${quote(what)} count=${count}`),
    ...report.conflicts.map(({ external_id, field, issue_short_id, kept }) =>
      `- conflict issue=${issue_short_id} id=${quote(external_id)} field=${field} kept=${kept}`
    ),
    ...report.not_carried.map(({ count, what }) => `- not_carried what=${quote(what)} count=${count}`)
  ],
  quiet: (report) => lossWords(report),
  outcome: (report) => report.not_carried.length > 0 ? "incomplete" : undefined
})
