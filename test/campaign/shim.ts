/** The shim of `shim.c`: compiled once, and what it is told and tells. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"

/** What is done to one call. */
export type Action =
  | "before"
  | "after"
  | "torn"
  | "cut"
  | "stop"
  | "second"
  | "EIO"
  | "ENOSPC"
  | "EACCES"
  | "full"
  | "dead"

/** A call as a clean run makes it; the first three name it in every run. */
export interface Call {
  readonly number: number
  readonly kind: string
  readonly name: string
  readonly index: number
  readonly inode: string
  readonly path: string
  readonly other: string
  /** What it returned, `-errno` when it failed; `killed` or `stopped` when it was not made. */
  readonly result: string
}

/** Compiles the shim into a directory; why it cannot be, where it cannot. */
export const compile = (directory: string): { readonly library: string } | { readonly why: string } => {
  if (process.platform !== "linux") return { why: "LD_PRELOAD and /proc are Linux's" }
  const library = `${directory}/shim.so`
  const source = fileURLToPath(new URL("shim.c", import.meta.url))
  const flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
  const { error, status, stderr } = spawnSync("cc", [...flags, "-o", library, source, "-ldl", "-lpthread"])
  if (error !== undefined) return { why: "there is no C compiler (cc)" }
  if (status !== 0) throw new Error(`shim.c does not compile: ${stderr}`)
  return { library }
}

export const readTrace = (file: string): ReadonlyArray<Call> =>
  !fs.existsSync(file) ? [] : fs.readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => {
    const [number, kind, name, index, inode, path, other, result] = line.split("\t") as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string
    ]
    return { number: Number(number), kind, name, index: Number(index), inode, path, other, result }
  })

const { errno } = constants

/** In the words of the shim. */
const orders: Readonly<Record<Action, string>> = {
  before: "before",
  after: "after",
  torn: "torn",
  cut: "before",
  stop: "stop",
  second: "stop",
  EIO: `fail:${errno.EIO}`,
  ENOSPC: `fail:${errno.ENOSPC}`,
  EACCES: `fail:${errno.EACCES}`,
  full: "full",
  dead: `dead:${errno.EIO}`
}

export interface Order {
  readonly at: string
  readonly action: Action
}

/** Where that call is met in another run. */
export const pointOf = ({ index, kind, name }: Call): string => `${kind}\t${name}\t${index}`

export const environment = (options: {
  readonly library: string
  readonly root: string
  readonly trace: string
  readonly order?: Order | undefined
  readonly unlinkable?: boolean | undefined
  readonly keep?: string | undefined
  readonly writes?: string | undefined
}) => ({
  LD_PRELOAD: options.library,
  UV_USE_IO_URING: "0",
  KATA_SHIM_ROOT: options.root,
  KATA_SHIM_TRACE: options.trace,
  ...(options.order === undefined
    ? {}
    : { KATA_SHIM_AT: options.order.at, KATA_SHIM_DO: orders[options.order.action] }),
  ...(options.unlinkable === true ? { KATA_SHIM_NEVER: `link:${errno.EPERM}` } : {}),
  ...(options.keep === undefined ? {} : { KATA_SHIM_KEEP: options.keep }),
  ...(options.writes === undefined ? {} : { KATA_SHIM_WRITES: options.writes })
})
