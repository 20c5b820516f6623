/** What shows that an issue is done. */
import * as Effect from "effect/Effect"
import type { Request } from "../client/Client.ts"
import { allFilled, filled } from "./refs.ts"
import { UsageError } from "./UsageError.ts"

/** By type: the member that holds the value. */
const members = {
  commit: "sha",
  pr: "url",
  test: "command",
  "reviewed-paths": "paths",
  "no-change-audit": "rationale",
  "duplicate-of": "issue_ref",
  "superseded-by": "issue_ref"
} as const

type Type = keyof typeof members

const isType = (word: string): word is Type => Object.hasOwn(members, word)

/** As the daemon takes it. */
export type Evidence = NonNullable<NonNullable<Request<"issueClose">["body"]>["evidence"]>[number]

/** The type and the value of a piece of evidence; several paths with commas. */
export const parts = (item: { readonly [member: string]: unknown }): readonly [type: string, value: string] => {
  const type = String(item["type"])
  const value = isType(type) ? item[members[type]] : undefined
  return [type, Array.isArray(value) ? value.join(",") : String(value ?? "")]
}

/** `commit:3a401a8` */
export const names = (item: { readonly [member: string]: unknown }): string => parts(item).join(":")

interface Item {
  readonly type: Type
  readonly value: string
}

/** The items that `--evidence` gives. */
const canonical = (words: ReadonlyArray<string>) =>
  Effect.forEach(words, (word) => {
    const at = word.indexOf(":")
    const type = word.slice(0, at)
    const refuse = (why: string) => new UsageError({ reason: `evidence ${JSON.stringify(word)}: ${why}` })
    if (at < 0) return refuse("expected <type>:<value>")
    return isType(type)
      ? Effect.succeed<Item>({ type, value: word.slice(at + 1) })
      : refuse(`unknown type ${JSON.stringify(type)}`)
  })

const asItem = ({ type, value }: Item): Evidence => {
  const member = members[type]
  return member === "paths" ? { type, paths: [value] } : { type, [member]: value }
}

/** In the order of the flags of their own, then of `--evidence`; the paths of all are one item. */
export const evidenceOf = (flags: {
  readonly evidence: ReadonlyArray<string>
  readonly commit: string | undefined
  readonly pr: string | undefined
  readonly test: string | undefined
  readonly reviewed: ReadonlyArray<string>
  readonly duplicateOf: string | undefined
  readonly supersededBy: string | undefined
}) =>
  Effect.gen(function*() {
    const given = yield* canonical(flags.evidence)
    const single = (flag: string, type: Type, value: string | undefined) =>
      Effect.map(
        filled(flag, value),
        (value): ReadonlyArray<Item> => value === undefined ? [] : [{ type, value }]
      )
    const short = [
      ...(yield* single("--commit", "commit", flags.commit)),
      ...(yield* single("--pr", "pr", flags.pr)),
      ...(yield* single("--test", "test", flags.test)),
      ...(yield* allFilled("--reviewed", flags.reviewed)).map((value): Item => ({ type: "reviewed-paths", value })),
      ...(yield* single("--duplicate-of", "duplicate-of", flags.duplicateOf)),
      ...(yield* single("--superseded-by", "superseded-by", flags.supersededBy))
    ]
    const twice = short.find((one) => given.some((other) => other.type === one.type && other.value === one.value))
    if (twice !== undefined) {
      return yield* new UsageError({
        reason:
          `flag conflict: duplicate evidence item ${twice.type}:${twice.value} (provided via both canonical and sugar)`
      })
    }
    const all = [...short, ...given]
    const paths = all.filter(({ type }) => type === "reviewed-paths").map(({ value }) => value)
    return all.flatMap((item, at): ReadonlyArray<Evidence> => {
      const { type } = item
      if (type !== "reviewed-paths") return [asItem(item)]
      return all.findIndex((other) => other.type === type) === at ? [{ type, paths }] : []
    })
  })
