/** ULIDs: 48 bits of milliseconds and 80 random ones, in Crockford's base 32 (spec of schema 10, section 4). */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** How many values the random part has. */
export const entropies = 1n << 80n

/** `time` in milliseconds since 1970, `entropy` below `entropies`. */
export const encodeUlid = (time: number, entropy: bigint): string => {
  let rest = (BigInt(time) << 80n) | entropy
  let text = ""
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(rest & 31n)] + text
    rest >>= 5n
  }
  return text
}

/** The milliseconds since 1970 of a ULID. */
export const timeOfUlid = (ulid: string): number =>
  [...ulid.slice(0, 10).toUpperCase()].reduce((time, letter) => time * 32 + alphabet.indexOf(letter), 0)

/** Whether a text is a ULID; letters may be small, as users type them. */
export const isUlid = (text: string): boolean => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i.test(text)
