/** `config.toml` in the directory of state: what a person sets for the daemon and its clients. Without the file everything has its default. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { settingsFile } from "../files/names.ts"
import { readSettings } from "../files/settingsFile.ts"
import * as Duration from "./duration.ts"

export interface Settings {
  /** `host:port`; empty for the Unix socket. */
  readonly listen: string
  readonly tui: { readonly mouse: boolean }
  /** Whether closing many children of one parent in a short time is refused; `window` in milliseconds. */
  readonly throttle: { readonly enabled: boolean; readonly window: number }
  /** Empty: everybody who reaches the daemon is a friend. */
  readonly token: string
}

export const defaults: Settings = {
  listen: "",
  tui: { mouse: false },
  throttle: { enabled: false, window: 60_000 },
  token: ""
}

/** The file does not say what it should. Nothing of it is used then. */
export class ConfigRefused extends Schema.TaggedError<ConfigRefused>()("ConfigRefused", {
  path: Schema.String,
  /** What is wrong, with the line or the key. */
  problem: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `parse ${this.path}: ${this.problem}`
  }
  get hint(): string {
    return `keys are ${Object.keys(keys).join(", ")}; mend the line, or take it out`
  }
}

/** What a key takes, and what it sets. A value that is not taken is reported in the words of `wants`. */
interface Key {
  readonly wants: string
  readonly set: (settings: Settings, value: unknown) => Settings | undefined
}

const text = (set: (settings: Settings, value: string) => Settings | undefined, wants = "a string"): Key => ({
  wants,
  set: (settings, value) => typeof value === "string" ? set(settings, value.trim()) : undefined
})
const toggle = (set: (settings: Settings, value: boolean) => Settings): Key => ({
  wants: "true or false",
  set: (settings, value) => typeof value === "boolean" ? set(settings, value) : undefined
})

/** A file with other keys breaks Go kata, which shares it: do not add one. */
const keys: Readonly<Record<string, Key>> = {
  "listen": text((settings, listen) => ({ ...settings, listen })),
  "tui.mouse": toggle((settings, mouse) => ({ ...settings, tui: { mouse } })),
  "close.throttle.enabled": toggle((settings, enabled) => ({
    ...settings,
    throttle: { ...settings.throttle, enabled }
  })),
  "close.throttle.window": text((settings, value) => {
    const window = Duration.parse(value)
    return window === undefined || window <= 0 ? undefined : { ...settings, throttle: { ...settings.throttle, window } }
  }, "a length of time such as \"60s\" or \"5m\""),
  "auth.token": text((settings, token) => ({ ...settings, token }))
}

const tables = new Set(
  Object.keys(keys).flatMap((key) => {
    const names = key.split(".").slice(0, -1)
    return names.map((_, at) => names.slice(0, at + 1).join("."))
  })
)

/** Not an array, and not a time, which is an object of a class. */
const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null &&
  [null, Object.prototype].includes(Object.getPrototypeOf(value))

/** Every key of the file in its order, dotted, a table before what is in it. */
const entries = (table: Readonly<Record<string, unknown>>, prefix = ""): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(table).flatMap(([name, value]) => [
    [prefix + name, value] as const,
    ...(isTable(value) ? entries(value, `${prefix}${name}.`) : [])
  ])

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? "an array" : isTable(value) ? "a table" : typeof value === "object" ? "a time" : String(value)

/** The settings that the text of a file makes. */
export const read = Effect.fn("config.read")(function*(path: string, content: string) {
  const toml = yield* Effect.promise(() => import("smol-toml"))
  const refuse = (problem: string) => new ConfigRefused({ path, problem })
  const table = yield* Effect.try({
    try: () => toml.parse(content),
    catch: (error) =>
      refuse(
        error instanceof toml.TomlError
          ? `line ${error.line}, column ${error.column}: ${
            (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "")
          }`
          : String(error)
      )
  })
  const all = entries(table)
  const unknown = all.map(([key]) => key).filter((key) => !Object.hasOwn(keys, key) && !tables.has(key))
  if (unknown.length > 0) return yield* refuse(`unknown key(s): ${unknown.join(", ")}`)
  let settings = defaults
  for (const [key, value] of all) {
    const known = Object.hasOwn(keys, key) ? keys[key] : undefined
    if (known === undefined && !isTable(value)) return yield* refuse(`${key} must be a table, not ${typeOf(value)}`)
    if (known === undefined) continue
    const set = known.set(settings, value)
    if (set === undefined) {
      const what = typeof value === "string" ? JSON.stringify(value) : typeOf(value)
      return yield* refuse(`${key} must be ${known.wants}, not ${what}`)
    }
    settings = set
  }
  return settings
})

type Variables = Readonly<Record<string, string | undefined>>

/** The settings of a directory of state. `KATA_AUTH_TOKEN` beats the token of the file, and counts without a file too. */
export const load = Effect.fn("config.load")(function*(kataHome: string, variables: Variables) {
  const path = `${kataHome}/${settingsFile}`
  const content = yield* readSettings(path, { follow: true }).pipe(
    Effect.map(({ text }) => text),
    Effect.catchTags({
      FileError: (error) => ["ENOENT", "ENOTDIR"].includes(error.code) ? Effect.succeed("") : error,
      SettingsRefused: ({ found }) => new ConfigRefused({ path, problem: `it is ${found}` })
    })
  )
  const settings = content === "" ? defaults : yield* read(path, content)
  const token = (variables["KATA_AUTH_TOKEN"] ?? "").trim()
  return token === "" ? settings : { ...settings, token }
})
