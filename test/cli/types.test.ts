// @effect-diagnostics *:off -- the mistakes are the test
import * as Options from "@effect/cli/Options"
import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { text, texts } from "../../src/cli/Argv.ts"
import * as Main from "../../src/cli/Main.ts"
import * as Output from "../../src/cli/Output.ts"
import type { Stdio } from "../../src/cli/Stdio.ts"
import { about, Echo, environment } from "./kit.ts"

class Database extends Context.Tag("test/Database")<Database, string>() {}

const format = Output.report(Echo, { human: () => [], agent: () => [] })

it("the compiler knows the flags, refuses an error that is no failure, and says what the commands need", () => {
  const needy = Output.command(
    "needy",
    { output: text("output").pipe(Options.withDefault(undefined)), labels: texts("label") },
    format,
    ({ labels, output }) => {
      const flags: readonly [string | undefined, ReadonlyArray<string>] = [output, labels]
      return Effect.map(Database, (got) => new Echo({ got: [got, flags] }))
    }
  )
  // @ts-expect-error -- an Error has no kind, so no exit code
  Output.command("wrong", {}, format, () => Effect.fail(new Error()))

  const nodes = [...about, { name: "needy", summary: "", load: () => Promise.resolve(needy) }] as const
  const plain: Effect.Effect<number, never, Stdio> = Main.run([], about, environment)
  const more: Effect.Effect<number, never, Stdio | Database> = Main.run([], nodes, environment)
  // @ts-expect-error -- the database is not provided
  const less: Effect.Effect<number, never, Stdio> = Main.run([], nodes, environment)
  expect([plain, more, less].every(Effect.isEffect)).toBe(true)
})
