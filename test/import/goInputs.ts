import * as kit from "../snapshot/kit.ts"

const base = kit.lines(kit.fixtureText("imports/base.jsonl"))

/** The bytes of a case; those of some depths are made here. */
export const bytesOf = (file: string): Buffer => {
  const depth = Number(/^deep-(\d+) \(generate\)$/.exec(file)?.[1])
  if (Number.isNaN(depth)) return kit.fixtureBytes(`imports/${file}`)
  const payload = `"payload":${"[".repeat(depth)}${"]".repeat(depth)}`
  return Buffer.from(base.map((line) => `${line}\n`).join("").replace("\"payload\":{}", payload))
}
