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

const digits = new Uint8Array(128)
for (const [i, digit] of [..."0123456789ABCDEFGHJKMNPQRSTVWXYZ"].entries()) digits[digit.charCodeAt(0)] = i

/** A ULID as numbers of 30 bits. */
const words = 5
const word = (uid: string, i: number): number => {
  let bits = 0
  for (let at = i * 6, end = Math.min(26, at + 6); at < end; at++) bits = bits * 32 + digits[uid.charCodeAt(at)]!
  return bits
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

/** Entries beyond which nobody remembers what was there. */
const mostEntries = 2 ** 25

/** What must not be there twice, as fingerprints: two things of one print are taken for the same. */
export class Prints {
  private readonly tables: Array<Uint32Array> = [new Uint32Array(2 ** 12)]
  private entries = 0
  private start = 0
  private print = 0

  /** False when it may have been there before. */
  add(text: string): boolean {
    if (this.has(text)) return false
    const table = this.tables.at(-1)!
    const mask = table.length - 1
    let at = this.start & mask
    while (table[at] !== 0) at = (at + 1) & mask
    table[at] = this.print
    if (++this.entries * 2 > table.length) this.grow(table.length * 8)
    return true
  }

  /** Whether it may have been there; false is certain. */
  has(text: string): boolean {
    let [a, b] = [0x811c9dc5, 0x9747b28c]
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b + code, 0x5bd1e995) ^ (b >>> 15)
    }
    a = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d)
    this.start = a ^ (a >>> 13)
    // 0 is an empty place
    this.print = (b >>> 0) || 1
    return this.tables.some((table) => {
      const mask = table.length - 1
      let at = this.start & mask
      while (table[at] !== 0 && table[at] !== this.print) at = (at + 1) & mask
      return table[at] !== 0
    })
  }

  /** What is remembered stays where it is: a print does not say where it would have to go. */
  private grow(size: number): void {
    this.tables.push(new Uint32Array(Math.min(size, mostEntries)))
    this.entries = 0
  }

  get full(): boolean {
    return this.tables.filter((table) => table.length === mostEntries).length > 1
  }
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
