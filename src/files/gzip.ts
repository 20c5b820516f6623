/** Compressed bytes, recognised by what they are and not by their name. */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Zlib from "node:zlib"
import type { FailureKind } from "../Failure.ts"
import { codeOf } from "./FileError.ts"

/** Compressed bytes that are cut or altered. What came before is intact as far as it goes, but is not all. */
export class GzipDamaged extends Schema.TaggedError<GzipDamaged>()("GzipDamaged", {
  /** How many uncompressed bytes were handed on before it. */
  offset: Schema.Number,
  reason: Schema.Literal("cut", "altered", "padded", "trailing"),
  detail: Schema.String
}) {
  readonly kind = "damaged" satisfies FailureKind

  override get message(): string {
    const what = {
      cut: "the compressed data stops before its end",
      altered: `the compressed data is damaged (${this.detail})`,
      padded: "zeros stand between compressed parts, as of padded blocks, and what follows them was not read",
      trailing: "something that is not compressed follows the compressed data"
    }
    return `${what[this.reason]}, after ${this.offset} readable bytes`
  }

  get hint(): string {
    return this.reason === "cut"
      ? "copy the file again, it is incomplete"
      : this.reason === "padded"
      ? "most programs drop the parts behind the zeros without a word; all of them are unpacked by: python3 -m gzip -d FILE"
      : "use another copy of the file"
  }
}

/** What zlib says of something behind a member that is none, and what we say of one behind zeros. */
const wrongHeader = "incorrect header check"
const memberBehindZeros = "member behind zeros"

type Bytes = Chunk.Chunk<Uint8Array>

type Through<E, E0> = Channel.Channel<Bytes, Bytes, E | E0, E0, unknown, unknown>

/**
 * A codec that moves only when its output is taken: one piece goes in and all that comes of it is taken, before the
 * next. So at most one output buffer is waiting, whatever a piece expands to.
 */
class Pump<E> {
  private readonly codec: Zlib.Gzip | Zlib.Gunzip
  private readonly pieceSize: number
  private readonly toCause: (error: unknown, produced: number) => Cause.Cause<E>
  private error: unknown
  private wake: (() => void) | undefined
  private fed = 0
  private produced = 0
  private ended = false

  constructor(
    codec: Zlib.Gzip | Zlib.Gunzip,
    pieceSize: number,
    toCause: (error: unknown, produced: number) => Cause.Cause<E>
  ) {
    this.codec = codec
    this.pieceSize = pieceSize
    this.toCause = toCause
    codec.on("readable", () => this.notify())
    codec.on("end", () => this.notify())
    codec.on("error", (error) => this.notify(error))
  }

  close(): void {
    this.codec.destroy()
  }

  /** The first chunk, and then all that is upstream. */
  run<E0>(first: Bytes): Through<E, E0> {
    const loop: Through<E, E0> = Channel.readWithCause({
      onInput: (chunk: Bytes) => Channel.zipRight(this.feed<E0>(chunk), loop),
      onFailure: (cause) => Channel.failCause(cause),
      onDone: () => this.finish<E0>()
    })
    return Channel.zipRight(this.feed<E0>(first), loop)
  }

  private feed<E0>(chunk: Bytes): Through<E, E0> {
    const next = (index: number, at: number): Through<E, E0> =>
      Channel.suspend(() => {
        const bytes = Chunk.unsafeGet(chunk, index)
        const piece = this.piece<E0>(bytes.subarray(at, at + this.pieceSize))
        const more = at + this.pieceSize < bytes.length
        if (!more && index + 1 === chunk.length) return piece
        return Channel.zipRight(piece, more ? next(index, at + this.pieceSize) : next(index + 1, 0))
      })
    return chunk.length === 0 ? Channel.void : next(0, 0)
  }

  private piece<E0>(piece: Uint8Array): Through<E, E0> {
    return Channel.suspend(() => {
      if (this.ended) return this.padding(piece)
      if (piece.length === 0) return Channel.void
      let accepted = false
      this.fed += piece.length
      this.codec.write(piece, (error) => {
        accepted = true
        this.notify(error)
      })
      const left = Channel.suspend(() => {
        const unread = this.fed - this.codec.bytesWritten
        this.ended = unread > 0
        return this.ended ? this.padding<E0>(piece.subarray(piece.length - unread)) : Channel.void
      })
      return Channel.zipRight(this.take<E0>(() => accepted), left)
    })
  }

  /** zlib reads no further than zeros that follow a member; many tools pad with them, anything else is not for us. */
  private padding<E0>(piece: Uint8Array): Through<E, E0> {
    const next = piece.find((byte) => byte !== 0)
    return next === undefined
      ? Channel.void
      : Channel.failCause(this.toCause(new Error(next === 0x1f ? memberBehindZeros : wrongHeader), this.produced))
  }

  private finish<E0>(): Through<E, E0> {
    return Channel.suspend(() => {
      if (this.ended) return Channel.void
      this.codec.end()
      return this.take<E0>(() => this.codec.readableEnded)
    })
  }

  private take<E0>(done: () => boolean): Through<E, E0> {
    return Channel.suspend(() => {
      const out: unknown = this.codec.read()
      if (out instanceof Uint8Array) {
        this.produced += out.length
        return Channel.zipRight(Channel.write(Chunk.of(out)), this.take<E0>(done))
      }
      if (this.error !== undefined) return Channel.failCause(this.toCause(this.error, this.produced))
      return done() ? Channel.void : Channel.zipRight(Channel.fromEffect(this.waiting(done)), this.take<E0>(done))
    })
  }

  private waiting(done: () => boolean): Effect.Effect<void> {
    return Effect.async((resume) => {
      this.wake = () => resume(Effect.void)
      // What happened since the last look was not notified.
      if (done() || this.error !== undefined || this.codec.readableLength > 0) this.notify()
    })
  }

  private notify(error?: Error | null): void {
    this.error ??= this.codec.errored ?? error ?? undefined
    const wake = this.wake
    this.wake = undefined
    wake?.()
  }
}

/** A scope around the pump, so that an interruption frees what zlib holds outside the heap. */
const pumped = <E, E0>(make: () => Pump<E>, first: Bytes): Through<E, E0> =>
  Channel.unwrapScoped(Effect.map(
    Effect.acquireRelease(Effect.sync(make), (pump) => Effect.sync(() => pump.close())),
    (pump) => pump.run<E0>(first)
  ))

/** When zlib finds damage, what it made of the same piece is lost with it, so these are small. */
const compressedSize = 16 * 1024
const plainSize = 256 * 1024

const damaged = (error: unknown, offset: number): Cause.Cause<GzipDamaged> => {
  const detail = error instanceof Error ? error.message : String(error)
  // The first header was looked at before, so only that of something after a whole member can be wrong.
  const reason = detail === wrongHeader
    ? "trailing"
    : detail === memberBehindZeros
    ? "padded"
    : codeOf(error) === "Z_BUF_ERROR"
    ? "cut"
    : "altered"
  return Cause.fail(new GzipDamaged({ offset, reason, detail }))
}

const expander = () => new Pump(Zlib.createGunzip({ chunkSize: plainSize }), compressedSize, damaged)

const startOf = (chunk: Bytes): ReadonlyArray<number> => {
  const start: Array<number> = []
  for (const bytes of chunk) {
    start.push(...bytes.subarray(0, 2 - start.length))
    if (start.length === 2) break
  }
  return start
}

const passOn = <E0>(): Through<never, E0> =>
  Channel.readWithCause({
    onInput: (chunk: Bytes) => Channel.zipRight(Channel.write(chunk), passOn<E0>()),
    onFailure: (cause) => Channel.failCause(cause),
    onDone: () => Channel.void
  })

/** Holds the first bytes back until there are two of them, or no more. */
const sniff = <E0>(held: Bytes): Through<GzipDamaged, E0> =>
  Channel.readWithCause({
    onInput: (chunk: Bytes): Through<GzipDamaged, E0> => {
      const seen = Chunk.appendAll(held, chunk)
      const start = startOf(seen)
      if (start.length < 2) return sniff<E0>(seen)
      if (start[0] === 0x1f && start[1] === 0x8b) return pumped<GzipDamaged, E0>(expander, seen)
      return Channel.zipRight(Channel.write(seen), passOn<E0>())
    },
    onFailure: (cause) => Channel.failCause(cause),
    onDone: () => Chunk.isEmpty(held) ? Channel.void : Channel.write(held)
  })

/**
 * Expands what begins like gzip, in any number of members, and passes on anything else as it is. Memory does not depend on
 * what it expands to. Damage is an error after the bytes that came before it.
 */
export const gunzip = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E | GzipDamaged, R> =>
  Stream.pipeThroughChannel(bytes, sniff<E>(Chunk.empty()))

/** Compresses, without a name or a time in the header: the same bytes give the same bytes. */
export const gzip = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.pipeThroughChannel(
    bytes,
    pumped<never, E>(
      // Its errors are defects: no bytes can be wrong here.
      () => new Pump(Zlib.createGzip({ level: 6, chunkSize: plainSize }), plainSize, (error) => Cause.die(error)),
      Chunk.empty()
    )
  )
