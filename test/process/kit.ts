/** The built program as a user runs it: in a directory of its own, with an environment that holds nothing of the machine's. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import * as Lock from "../../src/database/Lock.ts"
import * as Processes from "../../src/host/Processes.ts"
import { generate } from "../../src/testing/generate.ts"

export const root = fileURLToPath(new URL("../..", import.meta.url))
export const launcher = join(root, "dist", "launcher.cjs")
export const fixtures = join(root, "test", "fixtures", "go-v10")

export interface Options {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Text or a descriptor; nothing at all unless given. */
  readonly stdin?: string | Uint8Array | number
  /** `ignore`, or a descriptor; captured unless given. */
  readonly stdout?: number
  /** A shell that runs the program as `"$@"`, for redirections, pipes and limits. */
  readonly shell?: string
  /** Somebody else, whom permissions hold back; see `somebody`. */
  readonly as?: User
}

export interface User {
  readonly uid: number
  readonly gid: number
}

const nobody: User = { uid: 65534, gid: 65534 }

/**
 * Whom to run the program as so that permissions count: ourselves (an empty object), or nobody when we are root. Undefined when nobody
 * cannot read the program, which is said.
 */
export const somebody = ((): { readonly as?: User } | undefined => {
  if (process.getuid?.() !== 0) return {}
  if (spawnSync(process.execPath, [launcher, "--version"], { ...nobody, stdio: "ignore" }).status === 0) {
    return { as: nobody }
  }
  console.warn(
    `skipped: tests of permissions run as the user ${nobody.uid}, who cannot run ${process.execPath} on ${root}`
  )
  return undefined
})()

export interface Result {
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly done: Promise<Result>
}

export class Place {
  readonly root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "kata-process-")))
  /** Where commands run. */
  readonly work = join(this.root, "work")
  readonly tmp = join(this.root, "tmp")
  /** A killed program cannot take its temporary files away. */
  killed = false
  private readonly children = new Set<ChildProcess>()

  constructor() {
    for (const name of ["work", "tmp", "user", "home"]) fs.mkdirSync(join(this.root, name))
  }

  /** A file where commands run. */
  readonly path = (name: string): string => `${this.work}/${name}`
  readonly read = (name: string): string => fs.readFileSync(this.path(name), "utf8")
  readonly write = (name: string, content: string | Uint8Array): void => fs.writeFileSync(this.path(name), content)
  /** The names there, hidden ones too, in order. */
  readonly names = (): ReadonlyArray<string> => fs.readdirSync(this.work).sort()
  readonly mode = (name: string): string => (fs.statSync(this.path(name)).mode & 0o777).toString(8)

  /** A copy of a fixture; compressed ones are unpacked. */
  fixture(name: string, as = name.replace(/^.*\//, "").replace(/\.gz$/, "")): string {
    const packed = fs.existsSync(join(fixtures, name)) ? name : `${name}.gz`
    const bytes = fs.readFileSync(join(fixtures, packed))
    fs.writeFileSync(this.path(as), packed.endsWith(".gz") ? gunzipSync(bytes) : bytes)
    return this.path(as)
  }

  /** `KATA_DB` is `small.db` where commands run. */
  env(more: Options["env"] = {}): NodeJS.ProcessEnv {
    const all = {
      PATH: process.env["PATH"],
      HOME: join(this.root, "user"),
      KATA_HOME: join(this.root, "home"),
      KATA_DB: this.path("small.db"),
      TMPDIR: this.tmp,
      TZ: "UTC",
      ...more
    }
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  }

  start(argv: ReadonlyArray<string>, options: Options = {}): Running {
    const command = [process.execPath, launcher, ...argv]
    const [file, ...words] = options.shell === undefined ? command : ["sh", "-c", options.shell, "sh", ...command]
    const piped = typeof options.stdin === "string" || options.stdin instanceof Uint8Array
    const child = spawn(file!, words, {
      ...options.as,
      cwd: options.cwd ?? this.work,
      env: this.env(options.env),
      stdio: [
        piped ? "pipe" : typeof options.stdin === "number" ? options.stdin : "ignore",
        options.stdout ?? "pipe",
        "pipe"
      ]
    })
    this.children.add(child)
    const text = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (part: string) => {
        text[name] += part
      })
    }
    if (piped) {
      child.stdin?.on("error", () => {})
      child.stdin?.end(options.stdin)
    }
    const done = new Promise<Result>((resolve, reject) => {
      child.on("error", reject)
      child.on("close", (exit, signal) => {
        this.children.delete(child)
        resolve({ exit, signal, ...text })
      })
    })
    return { child, done }
  }

  run(argv: ReadonlyArray<string>, options: Options = {}): Promise<Result> {
    return this.start(argv, options).done
  }

  /** A run that must succeed; what it printed. */
  async ok(argv: ReadonlyArray<string>, options: Options = {}): Promise<string> {
    const result = await this.run(argv, options)
    expect(result, argv.join(" ")).toMatchObject({ exit: 0, stderr: "" })
    return result.stdout
  }

  /** A run that must fail so, with nothing on stdout and one report on stderr; the report. */
  async fails(exit: number, argv: ReadonlyArray<string>, options: Options = {}): Promise<string> {
    const result = await this.run(argv, options)
    expect({ exit: result.exit, stdout: result.stdout }, result.stderr).toEqual({ exit, stdout: "" })
    expect(result.stderr).toMatch(
      /^(?:kata: .*\n(?:hint: .*\n|\nDid you mean this\?\n(?:\t.*\n)+\n)?|\{"error":\{.*\}\}\n|ERR .*\n(?:(?:Hint|Code): .*\n)*Exit-Code: \d+\n)$/
    )
    return result.stderr
  }

  /** Gives everything here, and what is made later on the way, to that user. */
  give({ as }: { readonly as?: User }): void {
    if (as === undefined) return
    const all = fs.readdirSync(this.root, { recursive: true, encoding: "utf8" }).map((name) => join(this.root, name))
    for (const path of [this.root, ...all]) fs.lchownSync(path, as.uid, as.gid)
  }

  close(): void {
    for (const child of this.children) child.kill("SIGKILL")
    const left = fs.readdirSync(this.tmp)
    fs.chmodSync(this.work, 0o755)
    fs.rmSync(this.root, { recursive: true, force: true })
    if (!this.killed) expect(left, "temporary files").toEqual([])
  }
}

/** A test with a place, in which nothing temporary may be left. */
export const it = test.extend<{ place: Place }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of what is needed from here
  place: async ({}, use) => {
    const place = new Place()
    await use(place)
    place.close()
  }
})

/** What another program sees in a database; opened in another process's way, and closed again. */
export const query = (path: string, sql: string): ReadonlyArray<unknown> => {
  const db = new Sqlite(path)
  try {
    return db.prepare(sql).raw().all()
  } finally {
    db.close()
  }
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Waits until it is so. That it never is, is known by a time that a busy machine does not need. */
export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = Date.now() + 120_000
  for (; !holds(); await sleep(5)) if (Date.now() > end) throw new Error(`never: ${what}`)
}

/** Milliseconds of CPU, as Linux counts them: those of a process, and those of the children that this one has waited for. */
const cpuOf = (pid: number | "self", fields: readonly [number, number]): number => {
  const stat = `/proc/${pid}/stat`
  if (!fs.existsSync(stat)) return 0
  // the name of the program may hold anything; the fields behind it are those of proc(5) from the third on
  const values = fs.readFileSync(stat, "utf8").replace(/^.*\) /s, "").split(" ")
  return fields.reduce((sum, field) => sum + Number(values[field - 3]) * 10, 0)
}

/**
 * Sends the signal, and says how the process ended and how much it computed until it did: how long that takes depends on who else works.
 * No other child may end meanwhile. Where there is no /proc nothing is counted.
 */
export const stopped = async (
  { child, done }: Running,
  signal: NodeJS.Signals
): Promise<Result & { readonly cpu: number }> => {
  const before = cpuOf("self", [16, 17]) + cpuOf(child.pid!, [14, 15])
  child.kill(signal)
  const result = await done
  return { ...result, cpu: cpuOf("self", [16, 17]) - before }
}

/** A large database, closed. */
export const large = (path: string, issues: number): Promise<unknown> =>
  Effect.runPromise(Effect.provide(Effect.scoped(generate(path, { issues })), Layer.mergeAll(NodeContext.layer)))

/** Takes the lock of a database for this process, as a daemon does; gives what lets it go. */
export const lockAsDaemon = async (path: string): Promise<() => Promise<void>> => {
  const scope = Effect.runSync(Scope.make())
  const services = Layer.provideMerge(Processes.layer, NodeContext.layer)
  await Effect.runPromise(Lock.acquire(path, "daemon").pipe(Scope.extend(scope), Effect.provide(services)))
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}

export const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** A run, and the most memory that it held, in mebibytes. */
export const measured = async (place: Place, argv: ReadonlyArray<string>) => {
  const { child, done } = place.start(argv)
  let peak = 0
  const look = setInterval(() => {
    try {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, "utf8")
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // it has ended
    }
  }, 10)
  const result = await done
  clearInterval(look)
  return { ...result, peak }
}
