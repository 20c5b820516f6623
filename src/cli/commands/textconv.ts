import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Source from "../../files/source.ts"
import { version10 } from "../../records/kinds.ts"
import { readable } from "../../snapshot/readable.ts"
import * as Output from "../Output.ts"
import { Stdio } from "../Stdio.ts"
import { singleLine } from "../terminal.ts"

/** The file is a private copy that git has made, whose name is another one each time: what is printed must not have it. */
const anyName = "the file"

/** Lines of text, in which nothing can move a cursor. */
const escaped = (text: string) => text.split("\n").map(singleLine).join("\n")

/** The bytes as they are, as text: what is shown of a file that kata cannot read, so that git can show its history all the same. */
const raw = (bytes: Source.Source["bytes"], why: string) =>
  Stream.concat(
    Stream.make(`(${singleLine(why)})\n`),
    Stream.map(Stream.decodeText(bytes), escaped)
  )

const printed = Effect.fn("textconv.print")(function*(path: string) {
  const { stdout } = yield* Stdio
  const { bytes, size } = yield* Source.open(path)
  if (size._tag === "Some" && size.value === 0) return
  const print = yield* readable({ name: anyName, bytes }, version10).pipe(
    Effect.map((lines) =>
      Stream.runForEach(lines, (some) => stdout.write(some.map((line) => `${singleLine(line)}\n`).join("")))
    ),
    Effect.catchIf(
      ({ kind }) => kind === "damaged" || kind === "validation",
      ({ message }) => Effect.succeed(Stream.runForEach(raw(bytes, message), stdout.write))
    )
  )
  yield* print
}, Effect.scoped)

export const textconv = Output.action(
  "textconv",
  {
    file: Args.text({ name: "file" }).pipe(Args.withDescription("a snapshot, compressed or not"))
  },
  ({ file }) => printed(file),
  {
    description:
      "Print a snapshot as text that can be compared line by line: one issue after the other, with its fields, labels, links, text and comments. " +
      "What git runs after kata git-setup, so that git diff and git log -p show changes of issues. Row numbers, revisions, times of the last change and " +
      "events are left out. A file that is no snapshot, or damaged, is printed as it is behind a line that says so.",
    examples: [
      ["kata textconv kata.jsonl | less", "read a snapshot"],
      ["diff <(kata textconv a.jsonl) <(kata textconv b.jsonl)", "without git"]
    ]
  }
)
