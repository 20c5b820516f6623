/** A place with daemons: a directory of state, one for sockets, and nothing left running. */
import * as fs from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { test } from "vitest"
import { type Options, Place, sleep, until } from "./kit.ts"

export interface DaemonRecord {
  readonly pid: number
  readonly address: string
  readonly db_path: string
  readonly version: string
  readonly started_at: string
}

/** Every name below a directory with its type and mode, as `ls -l` shows them. */
export const listing = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).sort().map((name) => {
    const { mode } = fs.lstatSync(join(directory, name))
    const type = ({ 0o040000: "d", 0o100000: "-", 0o140000: "s" } as Record<number, string>)[mode & 0o170000] ?? "?"
    return `${type}${(mode & 0o777).toString(8).padStart(3, "0")} ${name}`
  })

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // one that is dead, and that nobody has waited for, serves nobody
    return !fs.existsSync("/proc/self/stat") || !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** Whether the system says which processes work beside a daemon; where it does not, tests that need it are left out, which is said. */
export const tellsChildren = fs.existsSync(`/proc/self/task/${process.pid}/children`)
if (!tellsChildren) console.warn("skipped: tests of what works beside a daemon need /proc/PID/task/PID/children")
export const workers = (pid: number): ReadonlyArray<number> =>
  fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((word) => word !== "").map(Number)

export class World extends Place {
  readonly home = join(this.root, "home")
  readonly sockets = join(this.root, "run")
  readonly database = join(this.home, "kata.db")
  /** Those that have been seen, to be killed in the end. */
  private readonly seen = new Set<number>()

  override env(more: Options["env"] = {}): NodeJS.ProcessEnv {
    return super.env({ KATA_DB: this.database, XDG_RUNTIME_DIR: this.sockets, ...more })
  }

  /** The records in a directory of state. */
  records(home = this.home): ReadonlyArray<DaemonRecord> {
    const runtime = join(home, "runtime")
    if (!fs.existsSync(runtime)) return []
    const records = fs.readdirSync(runtime, { recursive: true, encoding: "utf8" })
      .filter((name) => /daemon\.\d+\.json$/.test(name))
      .flatMap((name) => {
        try {
          return [fs.readFileSync(join(runtime, name), "utf8")]
        } catch (error) {
          // a daemon that ends takes its record away
          if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
          throw error
        }
      })
      // half a record is what some tests make
      .filter((text) => text.endsWith("}"))
      .map((text): DaemonRecord => JSON.parse(text))
    const ours = records.filter(({ address }) => !address.startsWith("unix:") || address.includes(this.sockets))
    for (const { pid } of ours) this.seen.add(pid)
    return records
  }

  /** The one daemon that there is. */
  daemon(): DaemonRecord {
    const [record, ...more] = this.records().filter(({ pid }) => isAlive(pid))
    if (record === undefined || more.length > 0) throw new Error(`${more.length + 1} daemons`)
    return record
  }

  async up(options: Options = {}, ...flags: ReadonlyArray<string>): Promise<DaemonRecord> {
    await this.ok(["daemon", "start", ...flags], options)
    return this.daemon()
  }

  log(): string {
    const path = join(this.home, "daemon.log")
    return fs.existsSync(path) ? fs.readFileSync(path, "utf8") : ""
  }

  /** A record as somebody else leaves it. */
  plant(pid: number, address: string): string {
    const [namespace = ""] = fs.readdirSync(join(this.home, "runtime"))
    const path = join(this.home, "runtime", namespace, `daemon.${pid}.json`)
    fs.writeFileSync(
      path,
      JSON.stringify({ pid, address, db_path: this.database, version: "x", started_at: "2026-01-01T00:00:00Z" })
    )
    return path
  }

  /** Processes of this place that have no record, as far as the system tells. */
  private strays(): ReadonlyArray<number> {
    if (!fs.existsSync("/proc/self/environ")) return []
    return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, "latin1").includes(`KATA_HOME=${this.root}/`)
      } catch {
        return false
      }
    })
  }

  override close(): void {
    this.records()
    for (const pid of this.strays()) this.seen.add(pid)
    // some tests are the daemon themselves
    this.seen.delete(process.pid)
    for (const pid of this.seen) if (isAlive(pid)) process.kill(pid, "SIGKILL")
    super.close()
  }
}

/** A test with a world. */
export const it = test.extend<{ world: World }>({
  // oxlint-disable-next-line no-empty-pattern -- vitest reads the names of what is needed from here
  world: async ({}, use) => {
    const world = new World()
    await use(world)
    world.close()
  }
})

/** Waits for the end of a process that is no child. */
export const gone = (pid: number): Promise<void> => until(`${pid} is gone`, () => !isAlive(pid))

/** One request at the address of a record; with a body it is a POST. */
export const ask = (
  address: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const [host = "", port = ""] = address.split(":")
    const target = address.startsWith("unix://") ? { socketPath: address.slice(7) } : { host, port: Number(port) }
    const method = body === undefined ? "GET" : "POST"
    const asked = request({ ...target, method, path, headers, agent: false }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part
      })
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asked.on("error", reject)
    asked.end(body)
  })

export { sleep, until }
