/** Recorded command lines, run on ours against our API; what both printed, made comparable. See the README of the recordings. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Readable } from "node:stream"
import type { Inside } from "../../../src/api/CommandLine.ts"
import type { Environment } from "../../../src/cli/Environment.ts"
import * as Main from "../../../src/cli/Main.ts"
import { registry } from "../../../src/cli/registry.ts"
import { layerInProcess } from "../../../src/client/inProcess.ts"
import { layerHttp } from "../../../src/client/overHttp.ts"
import { fromErrno } from "../../../src/files/FileError.ts"
import { captured } from "../../../src/testing/stdio.ts"
import { Normal } from "../../server/replay/normal.ts"
import { environment, services } from "../kit.ts"

export interface Case {
  readonly name?: string
  readonly argv?: ReadonlyArray<string>
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | null>>
  readonly stdin?: string
  /** Typed on a terminal, which only stdin is. */
  readonly ttyInput?: string
  readonly exit?: number
  readonly stdout?: string
  readonly stderr?: string
  readonly capture?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string | null>>
  readonly kind?: "shell"
  readonly run?: string
}

export interface Scenario {
  readonly scenario: string
  readonly cwd: string
  readonly setup?: ReadonlyArray<string>
  readonly cases: ReadonlyArray<Case>
}

export const scenario = (name: string): Scenario =>
  JSON.parse(readFileSync(new URL(`../../fixtures/cli/${name}.json`, import.meta.url), "utf8")) as Scenario

/** What a command did, as it is compared. */
export interface Result {
  readonly exit: number
  readonly stdout: unknown
  readonly stderr: unknown
  readonly files: unknown
}

export interface Outcome {
  readonly name: string
  readonly argv: ReadonlyArray<string>
  readonly recorded: Result
  readonly ours: Result
}

const pick = (value: unknown, path: string): unknown =>
  path.split("/").reduce<unknown>(
    (at, key) => typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined,
    value
  )

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One side of a scenario. */
class Side {
  private readonly normal = new Normal(new Set())
  private readonly variables = new Map<string, string>()
  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  fill(text: string): string {
    return text.replace(/\{\{([^}]+)\}\}/g, (_, name: string) => this.variables.get(name) ?? "")
  }

  /** What a command printed first tells its ids, which are then known wherever they stand. */
  learn({ argv = [], capture = {} }: Case, stdout: string): void {
    const id = /^([0-9a-hjkmnp-tv-z]{4,})(?: .* \[open\].*)?\n$/.exec(stdout)?.[1]
    if (argv.includes("create") && id !== undefined) this.normal.value({ short_id: id })
    for (const [name, what] of Object.entries(capture)) {
      const value = what.startsWith("word:")
        ? stdout.split(/\s+/)[Number(what.slice(5)) - 1] ?? ""
        : String(pick(parsed(stdout), what.slice(5)))
      this.variables.set(name, value)
      if (name.endsWith(".uid")) this.variables.set(name.replace(/uid$/, "low"), value.toLowerCase())
    }
  }

  /** JSON is compared as what it says and with its first key, everything else as it is printed. */
  text(text: string): unknown {
    // The issue that messages take for an example.
    const there = text.replaceAll(this.directory, "<root>").replaceAll("abc4", "<example>")
    const json = parsed(there)
    if (typeof json !== "object" || json === null) {
      return this.normal.text(there).replace(/ {2}\d+\.\d\d {2}/g, "  <score>  ")
    }
    return { first: Object.keys(json)[0], json: this.normal.value(json) }
  }
}

const shell = (line: string, cwd: string) => {
  execFileSync("sh", ["-c", line], { cwd, stdio: ["ignore", "ignore", "inherit"] })
}

/** The hints that ours adds to errors, and to a reset: a line for people, a member for programs. */
const withoutHint = (stderr: string): string =>
  stderr.replace(/^(kata: .*\n|)hint: .*\n$/s, "$1").replace(/,"hint":"(?:[^"\\]|\\.)*"/, "")

export interface Where {
  readonly daemon: Inside
  /** The directory that stands for the one of the recording. */
  readonly root: string
}

/** A directory for a scenario, in which git knows nothing of this machine. */
export const place = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "kata-cli-")))
    for (const name of ["ws", "user", "home", "run"]) mkdirSync(join(root, name))
    const git = {
      GIT_CONFIG_GLOBAL: process.env["GIT_CONFIG_GLOBAL"],
      GIT_CONFIG_NOSYSTEM: process.env["GIT_CONFIG_NOSYSTEM"]
    }
    Object.assign(process.env, { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" })
    return { git, root }
  }),
  ({ git, root }) =>
    Effect.sync(() => {
      for (const [name, value] of Object.entries(git)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
      rmSync(root, { recursive: true, force: true })
    })
).pipe(Effect.map(({ root }) => root))

export interface Run {
  readonly argv: ReadonlyArray<string>
  readonly cwd: string
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly stdin?: string | undefined
  readonly stdinIsTerminal?: boolean
  readonly signal?: Environment["Type"]["signal"]
  /** Whom the command asks, unless its variables name somebody else. */
  readonly daemon: Inside
}

/** Runs a command line of the real program in this process. */
export const run = ({ argv, cwd, daemon, stdin = "", variables, ...more }: Run) => {
  const streams = captured()
  const client = variables["KATA_SERVER"] === undefined ? layerInProcess(daemon) : layerHttp
  return Main.run(argv, registry, {
    ...environment,
    stdin: NodeStream.fromReadable(() => Readable.from([Buffer.from(stdin)]), fromErrno("read", "stdin")),
    typedLine: Effect.succeed(stdin.split("\n")[0] ?? ""),
    cwd,
    variables: { KATA_DB: daemon.databasePath, ...variables },
    ...more
  }).pipe(
    Effect.provide(streams.layer),
    Effect.provide(client),
    Effect.provide(services),
    Effect.map((exit) => ({ exit, stdout: streams.stdout.text(), stderr: streams.stderr.text() }))
  )
}

/** Runs the cases in order; those that `skip` names are not run, and `asked` says with which words ours is. */
export const replay = Effect.fn("replay")(function*(
  { cases, cwd, scenario, setup = [] }: Scenario,
  { daemon, root }: Where,
  { asked, skip }: {
    readonly skip: (one: Case) => boolean
    readonly asked: (one: Case) => ReadonlyArray<string>
  }
) {
  const theirRoot = `/tmp/kx/c/${scenario}`
  const [theirs, ours] = [new Side(theirRoot), new Side(root)]
  for (const line of setup) shell(line, root)
  const outcomes: Array<Outcome> = []
  for (const one of cases) {
    if (one.kind === "shell") shell(one.run ?? "", root)
    if (one.argv === undefined || skip(one)) continue
    const argv = asked(one).map((word) => ours.fill(word).replaceAll(theirRoot, root))
    const variables = {
      HOME: join(root, "user"),
      KATA_HOME: join(root, "home"),
      KATA_DB: daemon.databasePath,
      KATA_AUTHOR: "alice",
      ...one.env
    }
    const got = yield* run({
      daemon,
      argv,
      cwd: resolve(root, one.cwd ?? cwd),
      variables: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null)) as Record<
        string,
        string
      >,
      stdin: one.ttyInput === undefined ? one.stdin : ours.fill(one.ttyInput),
      stdinIsTerminal: one.ttyInput !== undefined
    })
    theirs.learn(one, one.stdout ?? "")
    ours.learn(one, got.stdout)
    const files = (read: (path: string, recorded: string | null) => string | null) =>
      Object.fromEntries(Object.entries(one.files ?? {}).map(([path, recorded]) => [path, read(path, recorded)]))
    outcomes.push({
      name: one.name ?? one.argv.join(" "),
      argv: one.argv,
      recorded: {
        exit: one.exit ?? 0,
        stdout: theirs.text(one.stdout ?? ""),
        stderr: theirs.text(one.stderr ?? ""),
        files: files((_, recorded) => recorded)
      },
      ours: {
        exit: got.exit,
        stdout: ours.text(got.stdout),
        stderr: ours.text(withoutHint(got.stderr)),
        files: files((path) => existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : null)
      }
    })
  }
  return outcomes
})
