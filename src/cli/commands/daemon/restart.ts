import * as Effect from "effect/Effect"
import { present } from "../../../database/absent.ts"
import { stop } from "../../../presence/stop.ts"
import * as Output from "../../Output.ts"
import { background, flags, format, judged } from "./start.ts"

export const restart = Output.command(
  "restart",
  flags,
  format,
  (given) =>
    Effect.gen(function*() {
      // What would be refused is refused while the old one still serves.
      const { from } = yield* judged(given)
      yield* present(from.databasePath)
      yield* stop(from)
      return yield* background({ ...given, create: false })
    }),
  {
    description:
      "Stop the daemon of the database, wait until it is gone, and start one with the settings as they are now. Settings that cannot be used are reported first, and the old daemon goes on.",
    examples: [["kata daemon restart", "after a change of listen or the token in config.toml"]]
  }
)
