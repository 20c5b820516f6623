/** Two ways to say what is in a snapshot in a few bytes. */
import { hash } from "node:crypto"

/**
 * The sum modulo 2^128 of the first 16 bytes of SHA-256 over each line, without its line end. It does not depend on the order of the
 * lines, and a line can be taken out again. (A seal proves bytes; this proves content.)
 */
export class ContentSum {
  private readonly words = [0, 0, 0, 0]

  add(line: string | Uint8Array): void {
    const digest = hash("sha256", line, "buffer")
    let carry = 0
    for (let i = 0; i < 4; i++) {
      const sum = this.words[i]! + digest.readUInt32LE(i * 4) + carry
      this.words[i] = sum >>> 0
      carry = sum > 0xffffffff ? 1 : 0
    }
  }

  remove(line: string | Uint8Array): void {
    const digest = hash("sha256", line, "buffer")
    let borrow = 0
    for (let i = 0; i < 4; i++) {
      const difference = this.words[i]! - digest.readUInt32LE(i * 4) - borrow
      this.words[i] = difference >>> 0
      borrow = difference < 0 ? 1 : 0
    }
  }

  /** What both hold together. */
  plus(other: ContentSum): ContentSum {
    const both = new ContentSum()
    let carry = 0
    for (let i = 0; i < 4; i++) {
      const sum = this.words[i]! + other.words[i]! + carry
      both.words[i] = sum >>> 0
      carry = sum > 0xffffffff ? 1 : 0
    }
    return both
  }

  /** 32 hexadecimal digits, the highest first. */
  get hex(): string {
    return this.words.map((word) => word.toString(16).padStart(8, "0")).reverse().join("")
  }
}
