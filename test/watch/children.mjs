/**
 * Sees how every process ends that this one starts. One that ends by a signal of a crash, which nobody sent, makes a failure of this one;
 * so does the code by which a shell tells of such an end.
 */
import childProcess from "node:child_process"
import { subscribe } from "node:diagnostics_channel"
import { syncBuiltinESMExports } from "node:module"
import { constants } from "node:os"

/** The tests themselves send others: KILL, TERM, INT, HUP, STOP. */
const crashes = ["SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"]

const crashOf = (code, signal) => crashes.find((name) => signal === name || code === 128 + constants.signals[name])

const key = Symbol.for("kata/test/crashed")
/** A file of tests may share its process with others, each with a copy of this module. */
const shared = globalThis[key] ??= { crashed: [], watching: false }
const { crashed } = shared

const note = (code, signal, words) => {
  const crash = crashOf(code, signal)
  if (crash !== undefined) crashed.push(`ended by ${crash}: ${words.join(" ").slice(0, 500)}`)
}

/** What has crashed since this was asked the last time. */
export const taken = () => crashed.splice(0)

/** From now on. */
export const watchChildren = () => {
  if (shared.watching) return
  shared.watching = true
  subscribe("child_process", ({ process: child }) => {
    child.once("exit", (code, signal) => note(code, signal, child.spawnargs))
  })
  // of those that are waited for no channel tells
  const { execFileSync, execSync, spawnSync } = childProcess
  childProcess.spawnSync = (file, ...rest) => {
    const result = spawnSync(file, ...rest)
    note(result.status, result.signal, [file, ...Array.isArray(rest[0]) ? rest[0] : []])
    return result
  }
  for (const [name, run] of Object.entries({ execFileSync, execSync })) {
    childProcess[name] = (file, ...rest) => {
      try {
        return run(file, ...rest)
      } catch (error) {
        note(error.status, error.signal, [file, ...Array.isArray(rest[0]) ? rest[0] : []])
        throw error
      }
    }
  }
  syncBuiltinESMExports()
  process.on("exit", () => {
    for (const line of crashed) console.error(`children: ${line}`)
    if (crashed.length > 0) process.exitCode ||= 1
  })
}
