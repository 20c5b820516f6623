/** What a command reads: a file, or `-` for what is piped in. */
import * as Effect from "effect/Effect"
import type { FileError } from "../files/FileError.ts"
import type { Input } from "../snapshot/input.ts"
import { Environment } from "./Environment.ts"

export const inputOf = (word: string): Effect.Effect<Input<FileError>, never, Environment> =>
  word === "-" ? Effect.map(Environment, ({ stdin }) => ({ name: "stdin", bytes: stdin })) : Effect.succeed(word)
