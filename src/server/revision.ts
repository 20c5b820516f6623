/** Which revision a client has seen: the header `If-Match: "rev-N"`. */
import * as Effect from "effect/Effect"
import { type InvalidRequest, refuse } from "../ledger/Refused.ts"

const wrong = (reason: string) => Effect.fail(refuse("validation", reason))

export const revisionOf = (
  { "If-Match": header }: { readonly "If-Match": string }
): Effect.Effect<bigint, InvalidRequest> => {
  if (header === "") return wrong("If-Match header required")
  const quoted = /^"(.*)"$/.exec(header)
  if (quoted === null) return wrong("If-Match must be a quoted ETag")
  const revision = /^rev-(.*)$/.exec(quoted[1] ?? "")
  if (revision === null) return wrong("If-Match must be of the form rev-N")
  return /^[+-]?\d{1,18}$/.test(revision[1] ?? "")
    ? Effect.succeed(BigInt((revision[1] ?? "").replace("+", "")))
    : wrong("If-Match revision is not a valid integer")
}
