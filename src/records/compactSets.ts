/** What is remembered of very many rows, in little memory. */

/** Row numbers that come in ascending order. */
export class Ids {
  private ids = new Float64Array(1024)
  count = 0

  /** False when it is not greater than the last one. */
  add(id: number): boolean {
    if (this.count > 0 && id <= this.last) return false
    if (this.count === this.ids.length) this.ids = grown(this.ids, new Float64Array(this.count * 2))
    this.ids[this.count++] = id
    return true
  }

  get last(): number {
    return this.ids[this.count - 1] ?? 0
  }

  /** Its place; -1 when it is not there. There are few gaps, so it stands near where it would without any. */
  place(id: number): number {
    const first = this.ids[0]!
    if (this.count === 0 || id < first || id > this.last) return -1
    let high = Math.min(id - first, this.count - 1)
    let low = high
    for (let step = 1; low > 0 && this.ids[low]! > id; step *= 2) {
      high = low
      low = Math.max(0, low - step)
    }
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.ids[middle]! < id) low = middle + 1
      else high = middle
    }
    return this.ids[low] === id ? low : -1
  }
}

const grown = <A extends Float64Array | Uint32Array>(from: A, to: A): A => {
  to.set(from)
  return to
}

/** What is no digit; integers, because many are read. */
const none = 0x80
const digits = new Uint8Array(256).fill(none)
for (const [i, digit] of [..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"].entries()) digits[digit.charCodeAt(0)] = i

/** A ULID as numbers of 30 bits; -1 where something stands that is no digit, which is equal to none. */
const words = 5
const word = (uid: string, i: number): number => {
  let bits = 0
  let all = 0
  for (let at = i * 6, end = Math.min(26, at + 6); at < end; at++) {
    const digit = digits[uid.charCodeAt(at)]!
    all |= digit
    bits = (bits << 5) | digit
  }
  return all < none ? bits : -1
}

/** The uid of each row of a table, by its place. */
export class Uids {
  private words = new Uint32Array(1024 * words)

  set(place: number, uid: string): void {
    if ((place + 1) * words > this.words.length) this.words = grown(this.words, new Uint32Array(this.words.length * 2))
    for (let i = 0; i < words; i++) this.words[place * words + i] = word(uid, i)
  }

  is(place: number, uid: string | undefined): boolean {
    if (uid?.length !== 26) return false
    for (let i = 0; i < words; i++) if (this.words[place * words + i] !== word(uid, i)) return false
    return true
  }
}

/** Entries beyond which it is not remembered what was there: 128 MB. */
const mostEntries = 2 ** 24

/** What must not be there twice, as fingerprints of 53 bits: two things of one print are taken for the same. */
export class Prints {
  private prints = new Float64Array(1024)
  private count = 0
  private sorted = 0

  /** False when no more can be remembered. */
  add(text: string): boolean {
    if (this.count === mostEntries) return false
    if (this.count === this.prints.length) this.prints = grown(this.prints, new Float64Array(this.count * 2))
    this.prints[this.count++] = printOf(text)
    return true
  }

  /** Whether nothing was added twice; false only means that it is not known. */
  get distinct(): boolean {
    const prints = this.sort()
    for (let i = 1; i < prints.length; i++) if (prints[i] === prints[i - 1]) return false
    return true
  }

  /** Whether it may have been added; false is certain. */
  has(text: string): boolean {
    const prints = this.sort()
    const print = printOf(text)
    let [low, high] = [0, prints.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (prints[middle]! < print) low = middle + 1
      else high = middle
    }
    return prints[low] === print
  }

  /** Once at the end, instead of looking for each that comes: what is looked for in very many is in no cache. */
  private sort(): Float64Array {
    const prints = this.prints.subarray(0, this.count)
    if (this.sorted < this.count) prints.sort()
    this.sorted = this.count
    return prints
  }
}

const printOf = (text: string): number => {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b + code, 0x5bd1e995) ^ (b >>> 15)
  }
  a = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d)
  return ((a ^ (a >>> 13)) >>> 0) * 2 ** 21 + (b >>> 11)
}

/** Who is whose parent, by place. */
export class Parents {
  /** One more than the place of the parent; 0 is none. */
  private parents = new Uint32Array(1024)

  set(child: number, parent: number): void {
    while (Math.max(child, parent) >= this.parents.length) {
      this.parents = grown(this.parents, new Uint32Array(this.parents.length * 2))
    }
    this.parents[child] = parent + 1
  }

  /** Whether every way up ends, and none goes round in a circle. */
  get end(): boolean {
    // 1: on the way that is being looked at; 2: known to end
    const known = new Uint8Array(this.parents.length)
    for (let start = 0; start < this.parents.length; start++) {
      let at = start
      for (; known[at] === 0 && this.parents[at] !== 0; at = this.parents[at]! - 1) known[at] = 1
      if (known[at] === 1) return false
      for (at = start; known[at] === 1; at = this.parents[at]! - 1) known[at] = 2
    }
    return true
  }
}
