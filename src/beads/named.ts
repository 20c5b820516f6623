/** What a workspace of Beads is called as the source of issues: `beads`, or `beads:NAME` where several go into one project. */
import * as Either from "effect/Either"

export const sourceOf = (name: string | undefined): Either.Either<string, string> =>
  name === undefined
    ? Either.right("beads")
    : /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
    ? Either.right(`beads:${name}`)
    : Either.left(`a letter or digit, then letters, digits, - _ and ., up to 64, got ${name}`)

/** SQL: whether a mapping `m` is of any such source. */
export const isBeads = "(+m.source = 'beads' OR +m.source LIKE 'beads:%')"
