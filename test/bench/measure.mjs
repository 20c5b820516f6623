/** What a whole process costs: wall clock, processor time, and the most memory that it ever had. */
import { execFileSync, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"

const linux = process.platform === "linux"

/** Often enough: what Linux is asked for is a maximum already, and only growth after the last look is missed. */
const lookEvery = 10

/** Linux counts in hundredths of a second what the children of a process took that have ended. */
const childTime = () => {
  if (!linux) return undefined
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1).split(" ")
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** Bytes; undefined when the process is gone. */
const memoryOf = (pid) => {
  try {
    const kilobytes = linux
      ? /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      : execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

let running

/** Ends what is being measured. */
export const stop = () => void running?.kill("SIGKILL")

/** Runs a command to its end: `input` and `output` are files. Fails when the command does; `codes` are those with which it does not. */
export const measure = ({ args, codes = [0], command, cwd, env, input, output }) =>
  new Promise((resolve, reject) => {
    const stdin = input === undefined ? "ignore" : openSync(input, "r")
    const stdout = output === undefined ? "ignore" : openSync(output, "w")
    const before = childTime()
    const start = process.hrtime.bigint()
    const child = spawn(command, args, { cwd, env, stdio: [stdin, stdout, "pipe"] })
    running = child
    let peak
    const look = () => {
      const now = memoryOf(child.pid)
      if (now !== undefined) peak = Math.max(peak ?? 0, now)
    }
    const looking = setInterval(look, lookEvery)
    let end
    let said = ""
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text))
    child.on("exit", () => (end = process.hrtime.bigint()))
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearInterval(looking)
      running = undefined
      for (const file of [stdin, stdout]) if (typeof file === "number") closeSync(file)
      if (!codes.includes(code)) {
        return reject(new Error(`${command} ${args.join(" ")}: ${signal ?? `exit code ${code}`}\n${said}`))
      }
      resolve({
        wall: Number(end - start) / 1e9,
        cpu: before === undefined ? undefined : childTime() - before,
        peak
      })
    })
  })

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const all = (runs, what) => runs.map((run) => run[what]).filter((number) => number !== undefined)

/** Of some runs: median and minimum of the time, median of the processor time, most memory. */
export const summary = (runs) => {
  const [wall, cpu, peak] = ["wall", "cpu", "peak"].map((what) => all(runs, what))
  return {
    median: median(wall),
    min: Math.min(...wall),
    cpu: cpu.length === 0 ? undefined : median(cpu),
    peak: peak.length === 0 ? undefined : Math.max(...peak)
  }
}
