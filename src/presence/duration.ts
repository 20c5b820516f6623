/** Lengths of time as Go writes them, such as `300ms`, `1h5m` or `1.5s`. */

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000
}

const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g
const whole = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/

/** In milliseconds; undefined when it is no such text. */
export const parse = (text: string): number | undefined => {
  if (text === "0") return 0
  if (!whole.test(text)) return undefined
  let sum = 0
  for (const [, number, unit = ""] of text.matchAll(part)) sum += Number(number) * (units[unit] ?? 0)
  return text.startsWith("-") ? -sum : sum
}
