import * as FC from "effect/FastCheck"

export interface Mutation {
  readonly how: "replace" | "delete" | "insert" | "cut" | "drop line" | "double line" | "swap lines"
  readonly at: number
  readonly byte: number
}

export const mutation: FC.Arbitrary<Mutation> = FC.record({
  how: FC.oneof(
    { weight: 5, arbitrary: FC.constantFrom("replace" as const, "delete" as const, "insert" as const) },
    {
      weight: 2,
      arbitrary: FC.constantFrom("cut" as const, "drop line" as const, "double line" as const, "swap lines" as const)
    }
  ),
  at: FC.nat({ max: 1_000_000 }),
  // what JSON is made of, or anything
  byte: FC.oneof(FC.constantFrom(...Buffer.from("0123456789 \n\r\t\",:{}[]\\/-+.eEaunltrs")), FC.nat({ max: 255 }))
})

const linesOf = (bytes: Buffer): Array<Buffer> => {
  const found: Array<Buffer> = []
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from)
    const to = end < 0 ? bytes.length : end + 1
    found.push(bytes.subarray(from, to))
    from = to
  }
  return found
}

/** The file after one accident. */
export const mutate = (bytes: Buffer, { at, byte, how }: Mutation): Buffer => {
  const place = at % bytes.length
  const lines = linesOf(bytes)
  const line = at % lines.length
  switch (how) {
    case "replace": {
      const copy = Buffer.from(bytes)
      copy[place] = byte
      return copy
    }
    case "delete":
      return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)])
    case "insert":
      return Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)])
    case "cut":
      return bytes.subarray(0, place)
    case "drop line":
      return Buffer.concat(lines.filter((_, i) => i !== line))
    case "double line":
      return Buffer.concat(lines.flatMap((text, i) => i === line ? [text, text] : [text]))
    case "swap lines":
      return Buffer.concat(
        lines.map((text, i) => i === line ? lines[i + 1] ?? text : i === line + 1 ? lines[line] ?? text : text)
      )
  }
}
