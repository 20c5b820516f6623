/** JSON of a body: integers stay exact, objects and arrays remember how they were spelled. How JSON goes out: `ledger/RawJson.ts`. */
import * as Either from "effect/Either"

/** What a body may nest; deeper is no body of ours. */
const deepest = 1_000

const spelled = new WeakMap<object, string>()

/** How an object or array that `parse` gave was spelled. */
export const spellingOf = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null ? spelled.get(value) : undefined

class Problem extends Error {}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const blank = /[ \t\r\n]*/y

/** A reader of one text. Integers are bigint; of a key that stands twice, the last one counts. */
const reader = (text: string) => {
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const space = () => void match(blank)
  const wrong = (where: string): Problem =>
    new Problem(
      at >= text.length
        ? "unexpected end of JSON input"
        : `invalid character ${quoted(String.fromCodePoint(text.codePointAt(at) ?? 0))} ${where}`
    )
  const word = (name: string, value: unknown) => {
    for (const letter of name) {
      if (text[at] !== letter) throw wrong(`in literal ${name} (expecting ${quoted(letter)})`)
      at++
    }
    return value
  }
  const text_ = (): string => {
    const found = match(string)
    // half of a surrogate pair would be no UTF-8 in the database: as Go, U+FFFD
    if (found !== undefined) return (JSON.parse(found) as string).toWellFormed()
    at = text.length
    throw new Problem("invalid string")
  }
  const value = (depth: number): unknown => {
    if (depth > deepest) throw new Problem("exceeded max depth")
    const from = at
    switch (text[at]) {
      case "{": {
        const out: Record<string, unknown> = Object.create(null)
        at++
        space()
        if (text[at] === "}") at++
        else {
          for (;;) {
            space()
            if (text[at] !== "\"") throw wrong("looking for beginning of object key string")
            const key = text_()
            space()
            if (text[at] !== ":") throw wrong("after object key")
            at++
            space()
            out[key] = value(depth + 1)
            space()
            if (text[at] === "}") break
            if (text[at] !== ",") throw wrong("after object key:value pair")
            at++
          }
          at++
        }
        spelled.set(out, text.slice(from, at))
        return out
      }
      case "[": {
        const out: Array<unknown> = []
        at++
        space()
        if (text[at] === "]") at++
        else {
          for (;;) {
            space()
            out.push(value(depth + 1))
            space()
            if (text[at] === "]") break
            if (text[at] !== ",") throw wrong("after array element")
            at++
          }
          at++
        }
        spelled.set(out, text.slice(from, at))
        return out
      }
      case "\"":
        return text_()
      case "t":
        return word("true", true)
      case "f":
        return word("false", false)
      case "n":
        return word("null", null)
      default: {
        const found = match(number)
        if (found === undefined) throw wrong("looking for beginning of value")
        return /^-?\d+$/.test(found) ? BigInt(found) : Number(found)
      }
    }
  }
  return () => {
    space()
    const out = value(0)
    space()
    if (at < text.length) throw wrong("after top-level value")
    return out
  }
}

const quoted = (character: string) => character === "'" ? `'\\''` : `'${character}'`

/** The value of a text, or what is wrong with it. */
export const parse = (text: string): Either.Either<unknown, string> =>
  Either.try({
    try: reader(text),
    catch: (error) => {
      if (error instanceof Problem) return error.message
      throw error
    }
  })
