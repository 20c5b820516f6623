/** The uid of what had none: always the same for the same row, so that every upgrade of a file gives it again. */
import * as Either from "effect/Either"
import { hash } from "node:crypto"
import type { AnyRecord, Problem } from "../Kind.ts"
import { encodeUlid } from "../ulid.ts"

const form = /^(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?$/

/** Milliseconds since 1970 of a time in a notation that Go kata makes uids of; what is finer is cut. */
export const milliseconds = (text: string): number | undefined => {
  const [, date, separator, clock, fraction = "", zone] = form.exec(text) ?? []
  if (date === undefined || (separator === "T" ? zone === undefined : zone === "Z")) return undefined
  const spelled = `${date}T${clock}.${`${fraction}000`.slice(0, 3)}Z`
  const at = new Date(spelled)
  // Date rolls the 30th of February over into March.
  if (Number.isNaN(at.getTime()) || at.toISOString() !== spelled) return undefined
  const [hours, minutes] = zone === undefined || zone === "Z" ? [0, 0] : [zone.slice(1, 3), zone.slice(4)].map(Number)
  if (hours! > 23 || minutes! > 59) return undefined
  return at.getTime() - (zone?.startsWith("-") === true ? -1 : 1) * (hours! * 60 + minutes!) * 60_000
}

/** A ULID whose time is `time` in milliseconds since 1970, and whose random part is made of the seed. */
export const stableUlid = (seed: string, time: number): string =>
  encodeUlid(time, BigInt(`0x${hash("sha256", seed, "hex").slice(0, 20)}`))

/** The uid that a seed and a time of the record make; what is wrong with the time, when it makes none. */
export const derivedUid = (seed: string, record: AnyRecord, field: string): Either.Either<string, Problem> => {
  const text = String(record[field])
  const time = milliseconds(text)
  return time === undefined
    ? Either.left({ field, says: `is no time that a uid can be made of: ${JSON.stringify(text.slice(0, 40))}` })
    : time < 0
    ? Either.left({ field, says: `is before 1970, and no uid can be made of it: ${JSON.stringify(text)}` })
    : Either.right(stableUlid(seed, time))
}
