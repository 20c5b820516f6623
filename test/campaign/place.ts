/** One run of the built program under the shim, in a directory of its own. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import type { Scenario, Where } from "./scenarios.ts"
import { type Call, environment, type Order, readTrace } from "./shim.ts"

const launcher = fileURLToPath(new URL("../../dist/launcher.cjs", import.meta.url))

export interface Result {
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly trace: ReadonlyArray<Call>
}

/** Longer than any run of a few rows may take on a busy machine. */
const patience = 60_000

export class Place implements Where {
  readonly root: string
  /** What the shim watches. */
  readonly watched: string
  readonly work: string
  readonly tmp: string
  /** Copies of what was synced, by the number of the call. */
  readonly kept: string
  readonly scratch: string
  private readonly library: string
  private runs = 0

  constructor(root: string, library: string) {
    this.root = root
    this.library = library
    this.watched = `${root}/watched`
    this.work = `${this.watched}/work`
    this.tmp = `${this.watched}/tmp`
    this.kept = `${root}/kept`
    this.scratch = `${root}/scratch`
    for (const directory of [this.work, this.tmp, this.kept, this.scratch, `${root}/home`]) {
      fs.mkdirSync(directory, { recursive: true })
    }
  }

  /** Runs a command; `meanwhile` happens while it is stopped at the point of the order, and says how it goes on. */
  async run(
    { argv, stdin, unlinkable }: Pick<Scenario, "argv" | "stdin" | "unlinkable">,
    order?: Order,
    meanwhile?: () => Promise<NodeJS.Signals> | NodeJS.Signals
  ): Promise<Result> {
    const trace = `${this.root}/trace-${++this.runs}`
    const input = stdin === undefined ? "ignore" : fs.openSync(`${this.work}/${stdin}`, "r")
    const keep = order?.action === "cut" ? this.kept : undefined
    const child = spawn(process.execPath, [launcher, ...argv], {
      cwd: this.work,
      env: {
        PATH: process.env["PATH"],
        HOME: `${this.root}/home`,
        KATA_HOME: `${this.root}/home`,
        KATA_DB: `${this.work}/kata.db`,
        TMPDIR: this.tmp,
        TZ: "UTC",
        ...environment({ library: this.library, root: this.watched, trace, order, unlinkable, keep })
      },
      stdio: [input === "ignore" ? input : "pipe", "pipe", "pipe"]
    })
    if (typeof input === "number") {
      child.stdin?.on("error", () => {})
      child.stdin?.end(fs.readFileSync(input))
      fs.closeSync(input)
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), patience)
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout?.on("data", (part: Buffer) => out.push(part))
    child.stderr?.on("data", (part: Buffer) => err.push(part))
    const over = { yet: false }
    const ended = new Promise<Pick<Result, "exit" | "signal">>((resolve, reject) => {
      child.on("error", reject)
      child.on("close", (exit, signal) => {
        over.yet = true
        resolve({ exit, signal })
      })
    })
    if (meanwhile !== undefined) {
      while (!over.yet && !readTrace(trace).some(({ result }) => result === "stopped")) {
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      if (!over.yet) child.kill(await meanwhile())
    }
    const { exit, signal } = await ended
    clearTimeout(timer)
    return {
      exit,
      signal,
      stdout: Buffer.concat(out).toString("latin1"),
      stderr: Buffer.concat(err).toString("utf8"),
      trace: readTrace(trace)
    }
  }

  /** Another place of the same kind in this one. */
  beside(name: string): Place {
    return new Place(`${this.root}/${name}`, this.library)
  }

  remove(): void {
    fs.rmSync(this.root, { recursive: true, force: true })
  }
}
