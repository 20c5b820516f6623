/** One line on stderr that says how far the work has come; only on a terminal. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { sizeWords } from "../files/sizeWords.ts"
import { Progress } from "../Progress.ts"
import type { ProgressListener, Total } from "../Progress.ts"
import { Stdio } from "./Stdio.ts"
import { singleLine } from "./terminal.ts"

const interval = 100

interface Phase {
  readonly name: string
  readonly total: Total
  readonly since: number
  rows: number
  bytes: number
}

const count = (n: number) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",")

const duration = (seconds: number) => {
  const s = Math.ceil(seconds)
  const two = (n: number) => String(n).padStart(2, "0")
  return s < 60 ?
    `${s}s`
    : s < 3600 ?
    `${Math.floor(s / 60)}m${two(s % 60)}s`
    : `${Math.floor(s / 3600)}h${two(Math.floor(s % 3600 / 60))}m`
}

/** The line for a moment; `now` and `phase.since` in milliseconds. */
export const line = (phase: Phase, now: number): string => {
  const seconds = Math.max(0, now - phase.since) / 1000
  const byBytes = phase.total.bytes !== undefined || phase.rows === 0 && phase.total.rows === undefined
  const done = byBytes ? phase.bytes : phase.rows
  const rate = seconds >= 1 ? done / seconds : 0
  const total = byBytes ? phase.total.bytes : phase.total.rows
  const share = total !== undefined && total > 0 && done <= total ? total : undefined
  return [
    phase.name,
    share === undefined ? "" : `${Math.floor(100 * done / share)}%`,
    phase.rows === 0
      ? ""
      : share === undefined || byBytes
      ? `${count(phase.rows)} rows`
      : `${count(phase.rows)} of ${count(share)}`,
    phase.bytes === 0 ? "" : sizeWords(phase.bytes),
    rate === 0 ? "" : byBytes ? `${sizeWords(rate)}/s` : `${count(rate)}/s`,
    share === undefined || rate === 0 ? "" : `${duration((share - done) / rate)} left`
  ].filter((part) => part !== "").join("  ")
}

export interface ProgressBar {
  readonly listener: ProgressListener
  /** Leaves an empty line for other output; the next step of the work draws again. */
  readonly erase: Effect.Effect<void>
}

const silent: ProgressBar = {
  listener: { phase: () => Effect.void, advance: () => Effect.void },
  erase: Effect.void
}

/** Erased when the scope closes, whatever the reason. */
export const make = Effect.fn("ProgressBar.make")(function*(options: { readonly enabled: boolean }) {
  const { stderr } = yield* Stdio
  if (!options.enabled || !stderr.isTTY) return silent
  let phase: Phase | undefined
  let shown = ""
  let last = yield* Clock.currentTimeMillis
  // A terminal that cannot be written to is no reason to stop the work.
  const write = (text: string) => Effect.ignore(stderr.write(text))

  const draw = (now: number) => {
    last = now
    const columns = stderr.columns() || 80
    const text = phase === undefined ? "" : singleLine(line(phase, now)).slice(0, columns - 1)
    if (text === shown) return Effect.void
    shown = text
    return write(`\r${text}\u001b[K`)
  }
  const drawWhenDue = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) => now - last >= interval ? draw(now) : Effect.void
  )
  const erase = Effect.suspend(() => {
    phase = undefined
    if (shown === "") return Effect.void
    shown = ""
    return write("\r\u001b[K")
  })
  const listener: ProgressListener = {
    phase: (name, total) =>
      Effect.flatMap(Clock.currentTimeMillis, (since) => {
        phase = { name, total: total ?? {}, since, rows: 0, bytes: 0 }
        return drawWhenDue
      }),
    advance: (rows, bytes) =>
      Effect.suspend(() => {
        if (phase === undefined) return Effect.void
        phase.rows += rows
        phase.bytes += bytes
        return drawWhenDue
      })
  }
  // What came too soon after the last drawing is drawn here, and time goes on while nothing comes.
  // The end of the scope waits for it, so it must be interruptible, also where a command is not.
  yield* Effect.forkScoped(Effect.interruptible(Effect.repeat(drawWhenDue, Schedule.spaced(interval))))
  yield* Effect.addFinalizer(() => erase)
  return { listener, erase } satisfies ProgressBar
})

export const layer = (options: { readonly enabled: boolean }) =>
  Layer.scoped(Progress, Effect.map(make(options), (bar) => bar.listener))
