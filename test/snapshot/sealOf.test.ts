/** What the seal of a file says of it, whatever its records say. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { version10 } from "../../src/records/kinds.ts"
import { sealOf, withoutCR } from "../../src/snapshot/seal.ts"
import { sealed } from "../hostile/make.ts"

const lines = sealed.trimEnd().split("\n")
const resealed = (count: number) => sealed.replace(/"seal":\{"records":\d+/, `"seal":{"records":${count}`)

const cases: ReadonlyArray<readonly [what: string, text: string, says: "none" | "holds" | "broken"]> = [
  ["as it was written", sealed, "holds"],
  ["with CRLF at the ends of its lines", sealed.replaceAll("\n", "\r\n"), "holds"],
  ["with a word changed", sealed.replace("first", "1st"), "broken"],
  ["without its last line", `${lines.slice(0, -1).join("\n")}\n`, "broken"],
  ["with a line less", `${lines.toSpliced(5, 1).join("\n")}\n`, "broken"],
  ["with another number of records in the seal", resealed(lines.length - 1), "broken"],
  ["without its first line", `${lines.slice(1).join("\n")}\n`, "none"],
  ["nothing", "", "none"]
]

for (const [what, text, says] of cases) {
  it.effect(`a sealed file ${what}: ${says}`, () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* sealOf(version10, Stream.succeed(Buffer.from(text)))).is, says)
      const pieces = Stream.fromIterable(Buffer.from(text)).pipe(
        Stream.rechunk(7),
        Stream.chunks,
        Stream.map((chunk) => Uint8Array.from(chunk))
      )
      assert.strictEqual((yield* sealOf(version10, pieces)).is, says, "in pieces of seven bytes")
    }))
}

it("only a CR that stands before LF is taken away", () => {
  const taken = (text: string) => withoutCR(Buffer.from(text)).toString()
  assert.strictEqual(taken("a\r\nb\rc\r\r\n\rd\n\r"), "a\nb\rc\r\n\rd\n\r")
  assert.strictEqual(taken("\r\n"), "\n")
  assert.strictEqual(taken("none\n"), "none\n")
})
