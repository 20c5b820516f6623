/** What the model names by short texts and small numbers, as a real database has it: uids, short ids, times, days, rules. */

const digits = (k: string) => k.padStart(3, "0")
const zeros = (n: number) => "0".repeat(n)

/** Short ids begin at four characters, in the model at one: the last of them tells them apart. */
const issue = (uid: string): string => {
  const [k, before, last] = [uid.slice(0, 3), uid.slice(3, 4), uid.slice(4)]
  return `01J${k}${zeros(12)}${k}${before}aaa${last}`.toUpperCase()
}

const event = (uid: string): string => `01E${uid.slice(1, 4)}${zeros(19)}${uid.slice(4) || "0"}`.toUpperCase()

/** The ULID of what the model calls so, and back. What a merge names by itself is made known. */
export class Names {
  private readonly reals = new Map<string, string>()
  private readonly models = new Map<string, string>()

  know(model: string, real: string): void {
    this.reals.set(model, real)
    this.models.set(real, model)
  }

  real(model: string): string {
    const known = this.reals.get(model)
    if (known !== undefined) return known
    const kind = model.charAt(0)
    const real = kind === "e"
      ? event(model)
      : /\d/.test(kind)
      ? issue(model)
      : `01${kind.toUpperCase()}${digits(model.slice(1))}${zeros(20)}`
    this.know(model, real)
    return real
  }

  isKnown(real: string): boolean {
    return this.models.has(real)
  }

  model(real: string): string {
    return this.models.get(real) ?? `?${real}`
  }
}

const epoch = Date.UTC(2020, 0, 1)

export const timeOf = (n: number): string => new Date(epoch + n * 1000).toISOString()
export const numberOf = (time: string): number => (Date.parse(time) - epoch) / 1000

/** Whatever is later was written by the clock of this machine. A text that is no number: SQLite would compare a number otherwise. */
export const ownTime = "2024-"

/** The short id of the model: the three characters before the last say nothing. */
export const shortOf = (short: string): string => `${short.slice(0, -4)}${short.slice(-1)}`

export const dayOf = (n: number): string => `2020-01-0${n}`
export const dayNumber = (day: string): number => Number(day.slice(-2))

/** Spellings of one schedule: three days. */
export const rules: Readonly<Record<string, string>> = {
  w: "FREQ=DAILY;COUNT=3",
  v0: "FREQ=DAILY;COUNT=3;INTERVAL=1",
  v1: "COUNT=3;FREQ=DAILY",
  v2: "INTERVAL=1;FREQ=DAILY;COUNT=3"
}
export const ruleOf = (rrule: string): string => Object.keys(rules).find((name) => rules[name] === rrule) ?? rrule

/** Who does what in an operation; a row says by it which operation wrote it. */
export const actorOf = (k: number): string => `k${k}`
export const writerOf = (actor: string): number => /^k\d+$/.test(actor) ? Number(actor.slice(1)) : 0
