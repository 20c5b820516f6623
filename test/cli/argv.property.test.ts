import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "effect/FastCheck"
import { read, text, texts, toggle } from "../../src/cli/Argv.ts"
import * as Output from "../../src/cli/Output.ts"
import type { Group } from "../../src/cli/Tree.ts"
import { Echo, leaf, nodes } from "./kit.ts"

const any = Output.command(
  "any",
  {
    status: text("status").pipe(Options.withAlias("s"), Options.withDefault(undefined)),
    limit: Options.integer("limit").pipe(Options.withAlias("n"), Options.withDefault(undefined)),
    kind: Options.choice("kind", ["issue", "comment"]).pipe(Options.withDefault(undefined)),
    labels: texts("label"),
    deleted: toggle("include-deleted", true),
    force: Options.boolean("force").pipe(Options.withAlias("f")),
    words: Args.text({ name: "word" }).pipe(Args.repeated)
  },
  Output.report(Echo, { human: () => [], agent: () => [] }),
  () => Effect.succeed(new Echo({ got: undefined }))
)

const root: Group<unknown> = { name: "kata", summary: "", children: [...nodes, leaf("any", () => any)] }

const value = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.string({ unit: "binary", maxLength: 20 }).filter((s) => !s.includes("\0") && s.isWellFormed())
  },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom("-", "=", " ", "\n", "\t", "a", "'", "\"", "\\", ",", "\u0002"),
      maxLength: 6
    })
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "-",
      "--",
      "--json",
      "-n3",
      "-1",
      "--force=false",
      "list",
      "any",
      "ls",
      "show",
      "help",
      "--help",
      "true",
      "false",
      "\u0002x\u0002",
      "a | b",
      "--wizard",
      "--completions",
      "--log-level",
      "--version",
      "--status"
    )
  }
)

const truth = fc.constantFrom("true", "t", "1", "TRUE", "True")
const falsehood = fc.constantFrom("false", "f", "0", "FALSE", "False")

interface Piece {
  readonly words: ReadonlyArray<string>
  readonly does: (model: Model) => void
}

interface Model {
  status: string | undefined
  limit: number | undefined
  kind: string | undefined
  labels: Array<string>
  deleted: boolean
  force: boolean
  quiet: boolean
  as: string | undefined
  project: string | undefined
}

const valued = (names: ReadonlyArray<string>, does: (model: Model, value: string) => void, values = value) =>
  fc.tuple(fc.constantFrom(...names), fc.nat(1), values).map(([name, form, value]): Piece => ({
    words: form === 0 ?
      [name, value]
      : name.startsWith("--") ?
      [`${name}=${value}`]
      : value === "" || value.startsWith("=") ?
      [`${name}=${value}`]
      : [`${name}${value}`],
    does: (model) => does(model, value)
  }))

const switched = (names: ReadonlyArray<string>, does: (model: Model, on: boolean) => void) =>
  fc.oneof(
    fc.constantFrom(...names).map((name): Piece => ({ words: [name], does: (model) => does(model, true) })),
    fc.tuple(fc.constantFrom(...names), truth).map(([name, yes]): Piece => ({
      words: [`${name}=${yes}`],
      does: (model) => does(model, true)
    })),
    fc.tuple(fc.constantFrom(...names), falsehood).map(([name, no]): Piece => ({
      words: [`${name}=${no}`],
      does: (model) => does(model, false)
    }))
  )

const piece = fc.oneof(
  valued(["--status", "-s"], (model, value) => {
    model.status = value
  }),
  valued(["--limit", "-n"], (model, value) => {
    model.limit = Number(value)
  }, fc.integer().map(String)),
  valued(["--kind"], (model, value) => {
    model.kind = value
  }, fc.constantFrom("issue", "comment")),
  valued(["--label"], (model, value) => {
    model.labels.push(value)
  }),
  valued(["--as"], (model, value) => {
    model.as = value
  }),
  valued(["--project"], (model, value) => {
    model.project = value
  }),
  switched(["--include-deleted"], (model, on) => {
    model.deleted = on
  }),
  switched(["--force", "-f"], (model, on) => {
    model.force = on
  }),
  switched(["--quiet", "-q"], (model, on) => {
    model.quiet = on
  })
)

const line = fc.record({
  before: fc.array(piece, { maxLength: 3 }),
  between: fc.array(
    fc.oneof(
      piece,
      value.filter((value) => value === "-" || !value.startsWith("-")).map((word) => ({
        words: [word],
        positional: word
      }))
    ),
    { maxLength: 6 }
  ),
  forced: fc.option(fc.array(value, { maxLength: 3 }), { nil: undefined })
})

it.effect.prop(
  "values reach the command exactly as typed, in any spelling and at any place",
  [line],
  ([{ before, between, forced }]) =>
    Effect.gen(function*() {
      const model: Model = {
        status: undefined,
        limit: undefined,
        kind: undefined,
        labels: [],
        deleted: true,
        force: false,
        quiet: false,
        as: undefined,
        project: undefined
      }
      const words: Array<string> = []
      for (const piece of [...before, ...between]) {
        if ("does" in piece) piece.does(model)
        else words.push(piece.positional)
      }
      words.push(...forced ?? [])
      const argv = [
        ...before.flatMap((piece) => piece.words),
        "any",
        ...between.flatMap((piece) => piece.words),
        ...(forced === undefined ? [] : ["--", ...forced])
      ]
      const { globals, path, request } = yield* read(root, argv)
      const { as, project, quiet, ...flags } = model
      expect(path.map((node) => node.name)).toStrictEqual(["kata", "any"])
      expect(request).toMatchObject({ _tag: "Run", flags: { words } })
      expect(request).toHaveProperty("flags", { ...flags, words })
      expect(globals).toStrictEqual({ mode: "human", color: "auto", as, project, quiet, workspace: undefined })
    }),
  { fastCheck: { numRuns: Number(process.env["KATA_RUNS"] ?? 500) } }
)
