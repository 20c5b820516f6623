/** Numbers that look random and are the same for the same seed. */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

export class Random {
  private state: number

  constructor(seed: number) {
    this.state = (seed ^ 0x9e3779b9) >>> 0
  }

  /** 32 bits (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** 0 up to, not including, `limit`. */
  below(limit: number): number {
    return this.next() % limit
  }

  pick<A>(from: ReadonlyArray<A>): A {
    const picked = from[this.next() % from.length]
    if (picked === undefined) throw new RangeError("nothing to pick from")
    return picked
  }

  /** Of that millisecond. */
  ulid(now: number): string {
    let text = ""
    for (let i = 0, rest = now; i < 10; i++) {
      text = alphabet[rest % 32] + text
      rest = Math.floor(rest / 32)
    }
    for (let i = 0; i < 4; i++) {
      for (let n = 0, bits = this.next(); n < 4; n++, bits >>>= 5) text += alphabet[bits & 31]
    }
    return text
  }
}
