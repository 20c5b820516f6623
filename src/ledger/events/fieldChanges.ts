/**
 * What an event says of the fields of an issue that it changed: each that differs as it is and, under `old_`, as it was. A field that is left
 * out on one side was, or is, none. Go kata carries these members and reads none of them.
 */
import type { Stored64 } from "../model.ts"
import { present } from "../omitUndefined.ts"

/** Fields that a change overwrites. Of those that are left out nothing is said. */
export interface Fields {
  readonly title?: string | undefined
  readonly body?: string | undefined
  readonly owner?: string | undefined
  readonly priority?: Stored64 | undefined
  readonly status?: string | undefined
  readonly closed_reason?: string | undefined
}

/** The order of the members. */
const names = ["title", "body", "owner", "priority", "status", "closed_reason"] as const

/** Bytes of a new text that is repeated in an event: a longer one stands in the issue, and in the event of the next change, as the old one. */
export const mostRepeated = 64 * 1024

/**
 * Bytes of an old text that an event keeps, which stands nowhere else: as many as a request can bring, so that only the beginning of a text
 * is kept that somebody imported. With Go's escapes such an event stays below the 16 MiB that Go kata reads as a line of a snapshot.
 */
export const mostKept = 1024 * 1024

const isLonger = (value: unknown, most: number): value is string =>
  typeof value === "string" && Buffer.byteLength(value) > most

/** The first bytes of a text, without a character that would be cut. */
const beginning = (text: string, most: number): string => {
  const bytes = Buffer.from(text)
  let end = most
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString("utf8", 0, end)
}

/** What is none, however it is stored: an older kata may have stored an owner of no letters. */
const valueOf = (fields: Fields, name: typeof names[number]) => {
  const value = fields[name]
  return value === "" && name !== "body" ? undefined : value
}

/** Members of a payload. A text that is too long for one is replaced or completed by the number of its bytes, as in `body_bytes`. */
export const fieldChanges = (before: Fields, after: Fields): { readonly [member: string]: unknown } => {
  const payload: Record<string, unknown> = {}
  for (const name of names) {
    if (!(name in after)) continue
    const [old, now] = [valueOf(before, name), valueOf(after, name)]
    if (old === now) continue
    if (isLonger(now, mostRepeated)) payload[`${name}_bytes`] = Buffer.byteLength(now)
    else payload[name] = now
    payload[`old_${name}`] = isLonger(old, mostKept) ? beginning(old, mostKept) : old
    if (isLonger(old, mostKept)) payload[`old_${name}_bytes`] = Buffer.byteLength(old)
  }
  return present(payload)
}
