/** What a project may be called. */
import * as Effect from "effect/Effect"
import { systemProject } from "../../records/systemProject.ts"
import { refuse } from "../Refused.ts"

/** What is wrong with a name without blanks around it, if anything. Printable is what Go means by it. */
export const wrongName = (name: string): string | undefined => {
  if (name === "") return "name must be non-empty"
  if (name === systemProject.name) return `name ${name} is kept for newer Go kata's own project`
  // The classes of Unicode take a millisecond to load, and nearly all names do without.
  const odd = /^[ -~]*$/.test(name)
    ? undefined
    : [...name].find((char) => !/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char))
  if (odd !== undefined) {
    return `name contains non-printable character U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`
  }
  return name.includes("#") ? "name must not contain #: it stands between project and issue in a reference" : undefined
}

/** The name without the blanks around it. */
export const projectName = (text: string) => {
  const name = text.trim()
  const wrong = wrongName(name)
  return wrong === undefined ? Effect.succeed(name) : Effect.fail(refuse("validation", wrong))
}
