/** SQLite's record format: a header of serial types, then the values. Nothing here trusts a length before it is bounded. */

/** A variable-length integer at `at`, which ends before `end`, and where what follows begins; undefined when it does not end there. */
export const varint = (
  bytes: Uint8Array,
  at: number,
  end: number
): readonly [value: bigint, next: number] | undefined => {
  let value = 0n
  for (let i = 0; i < 9; i++) {
    const byte = bytes[at + i]
    if (byte === undefined || at + i >= end) return undefined
    if (i === 8) return [BigInt.asIntN(64, (value << 8n) | BigInt(byte)), at + 9]
    value = (value << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) return [value, at + i + 1]
  }
  return undefined
}

/** An integer as SQLite writes it, of up to 63 bits. */
export const varintOf = (value: bigint): Buffer => {
  if (value >= 1n << 56n) {
    return Buffer.from(
      Array.from({ length: 8 }, (_, i) => 0x80 | Number((value >> BigInt(57 - 7 * i)) & 0x7fn)).concat(
        Number(value & 0xffn)
      )
    )
  }
  const bytes = [Number(value & 0x7fn)]
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(0x80 | Number(rest & 0x7fn))
  return Buffer.from(bytes)
}

/** A variable-length integer that is a length: small enough, and no negative number. */
export const length = (
  bytes: Uint8Array,
  at: number,
  end: number
): readonly [value: number, next: number] | undefined => {
  const byte = bytes[at]
  if (byte !== undefined && byte < 0x80 && at < end) return [byte, at + 1]
  const found = varint(bytes, at, end)
  return found === undefined || found[0] < 0n || found[0] > BigInt(Number.MAX_SAFE_INTEGER)
    ? undefined
    : [Number(found[0]), found[1]]
}

/** A value of a record: its serial type, and where its bytes are in the payload. */
export interface Slot {
  readonly type: number
  readonly at: number
  readonly size: number
}

const sizes = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0]

export const sizeOf = (type: number): number => type < 10 ? sizes[type] ?? 0 : Math.floor((type - 12) / 2)

/** More columns than any table of SQLite may have. */
const mostColumns = 32_767

/**
 * The values of a record of `size` bytes, of which the first are here; undefined unless header and values fill it exactly, which is
 * what distinguishes a record from other bytes.
 */
export const slotsOf = (bytes: Uint8Array, size: number): ReadonlyArray<Slot> | undefined => {
  const header = length(bytes, 0, bytes.length)
  if (header === undefined || header[0] > size || header[0] > bytes.length || header[0] < header[1]) return undefined
  const slots: Array<Slot> = []
  let value = header[0]
  for (let at = header[1]; at < header[0];) {
    const type = length(bytes, at, header[0])
    if (type === undefined || type[0] === 10 || type[0] === 11 || slots.length === mostColumns) return undefined
    const bytesOf = sizeOf(type[0])
    slots.push({ type: type[0], at: value, size: bytesOf })
    value += bytesOf
    at = type[1]
  }
  return value === size ? slots : undefined
}

export type Class = "null" | "integer" | "real" | "blob" | "text"

export const classOf = (type: number): Class =>
  type === 0 ? "null" : type === 7 ? "real" : type < 10 ? "integer" : type % 2 === 0 ? "blob" : "text"

/** The number that a serial type and its bytes say; null for what is none. */
export const numberOf = (type: number, bytes: Buffer): bigint | number | null => {
  switch (type) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return BigInt(bytes.readIntBE(0, bytes.length))
    case 6:
      return bytes.readBigInt64BE(0)
    case 7:
      return bytes.readDoubleBE(0)
    case 8:
      return 0n
    case 9:
      return 1n
    default:
      return null
  }
}
