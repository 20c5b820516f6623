/** `node test/bench/generate.mjs <file> <issues> [seed]`: a realistic database, to measure with or to look at. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import { Generate } from "kata/testing"
import { resolve } from "node:path"

const [file, issues, seed = "1"] = process.argv.slice(2)
if (file === undefined || !/^[1-9]\d*$/.test(issues ?? "") || !/^\d+$/.test(seed)) {
  console.error("usage: node test/bench/generate.mjs <new file> <issues> [seed]")
  process.exit(2)
}
const database = Generate.generate(resolve(file), { issues: Number(issues), seed: Number(seed) })
await Effect.runPromise(Effect.provide(database, NodeContext.layer))
