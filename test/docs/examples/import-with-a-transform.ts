import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Import, Processes, Sqlite, type Transform } from "kata"

const layer = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/**
 * Called for every record on its way in, in the order of the file: the record itself goes in as it is, another one takes its
 * place, none leaves it out. What was changed is counted in the report, and the proof is made for what is returned.
 */
const renamed: Transform = (kind, record) => {
  if (kind.name === "issue_label" && record["label"] === "chore") return Option.none()
  return record["author"] === "agent-7" ? Option.some({ ...record, author: "agent-8" }) : Option.some(record)
}

const program = (input: string, target: string) =>
  Import.restore({
    input,
    target,
    newInstance: true,
    transform: renamed,
    homes: { kataHome: `${process.env["HOME"]}/.kata`, userHome: `${process.env["HOME"]}` }
  }).pipe(
    // Every failure has a tag, a `kind` (one for each exit code), a `message`, and often a `hint`.
    Effect.catchTag("ImportRefused", ({ findings }) => Effect.fail(findings.map(({ line }) => line).join("\n")))
  )

export const main = (input: string, target: string) => Effect.runPromise(Effect.provide(program(input, target), layer))
