/** Whether a text is JSON, also when it is so large that the values in it would not fit into memory. */

/** A text up to this size is read by `JSON.parse`, whatever is in it. */
const small = 1024 * 1024

/** Why a text is no JSON; undefined when it is. */
export const syntaxError = (text: string, parseUpTo = small): string | undefined => {
  if (text.length > parseUpTo) {
    const at = new Scanner(text).end()
    return at === undefined ? undefined : `Unexpected ${at < text.length ? "text" : "end"} at position ${at}`
  }
  try {
    JSON.parse(text)
    return undefined
  } catch (cause) {
    return cause instanceof Error ? cause.message : ""
  }
}

/** Behind the JSON value that begins at `from`; undefined when none does that also ends. */
export const valueEnd = (text: string, from: number): number | undefined => new Scanner(text, from).valueEnd()

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/** Goes over a text once and keeps a byte for each bracket that is open: `JSON.parse` makes fifty of `[[[[…` and twenty of `[{},{},…`. */
class Scanner {
  private readonly text: string
  private open = new Uint8Array(1024)
  private depth = 0
  private at: number

  constructor(text: string, from = 0) {
    this.text = text
    this.at = from
  }

  /** Where the first value ends, with the white space behind it; undefined when it does not. */
  valueEnd(): number | undefined {
    do {
      this.space()
      if (!this.value()) return undefined
    } while (this.next())
    return this.depth === 0 ? this.at : undefined
  }

  /** Where it is not JSON any more; undefined when it is to its end. */
  end(): number | undefined {
    do {
      this.space()
      if (!this.value()) return this.at
    } while (this.next())
    return this.depth === 0 && this.at === this.text.length ? undefined : this.at
  }

  /** A whole value, or the beginning of an array or object up to where a value of it must come. */
  private value(): boolean {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code === 0x22) return this.string()
      if (code !== 0x5b && code !== 0x7b) return this.match(code === 0x2d || code < 0x3a ? number : word)
      this.push(code)
      this.at++
      this.space()
      const close = this.text.charCodeAt(this.at)
      if (close === (code === 0x7b ? 0x7d : 0x5d)) {
        this.at++
        this.depth--
        return true
      }
      if (code === 0x7b && !this.key()) return false
    }
  }

  /** After a value: closes what ends here. True when another value must come. */
  private next(): boolean {
    for (;;) {
      this.space()
      if (this.depth === 0) return false
      const code = this.text.charCodeAt(this.at)
      const object = this.open[this.depth - 1] === 0x7b
      if (code === 0x2c) {
        this.at++
        this.space()
        return !object || this.key()
      }
      if (code !== (object ? 0x7d : 0x5d)) return false
      this.at++
      this.depth--
    }
  }

  private key(): boolean {
    if (this.text.charCodeAt(this.at) !== 0x22 || !this.string()) return false
    this.space()
    if (this.text.charCodeAt(this.at) !== 0x3a) return false
    this.at++
    this.space()
    return true
  }

  private string(): boolean {
    for (this.at++; this.at < this.text.length;) {
      const code = this.text.charCodeAt(this.at)
      if (code === 0x22) {
        this.at++
        return true
      }
      if (code < 0x20 || (code === 0x5c && !this.match(escape))) return false
      if (code !== 0x5c) this.at++
    }
    return false
  }

  private match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    const length = pattern.exec(this.text)?.[0].length ?? 0
    this.at += length
    return length > 0
  }

  private space(): void {
    for (let code = this.text.charCodeAt(this.at);; code = this.text.charCodeAt(++this.at)) {
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
    }
  }

  private push(bracket: number): void {
    if (this.depth === this.open.length) {
      const larger = new Uint8Array(this.open.length * 2)
      larger.set(this.open)
      this.open = larger
    }
    this.open[this.depth++] = bracket
  }
}
