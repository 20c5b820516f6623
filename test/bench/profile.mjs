/** Where a command spends its time, as V8 sees it: what SQLite does counts for the function that called it. */
import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const shown = 25

/** Seconds by function, those of its callees left out. */
const selfTimes = ({ nodes, samples, timeDeltas }) => {
  const names = new Map(
    nodes.map(({ callFrame: { functionName, lineNumber, url }, id }) => [
      id,
      `${functionName || "(anonymous)"}  ${url.split("/").at(-1)}:${lineNumber + 1}`
    ])
  )
  const times = new Map()
  samples.forEach((id, i) => times.set(names.get(id), (times.get(names.get(id)) ?? 0) + timeDeltas[i] / 1e6))
  return [...times].toSorted(([, a], [, b]) => b - a)
}

/** Runs a subject once with V8's profiler on, keeps the profile of each thread in `folder`, and prints what took longest. */
export const profile = async (folder, subject, run) => {
  rmSync(folder, { recursive: true, force: true })
  const { wall } = await run({ ...subject, args: ["--cpu-prof", `--cpu-prof-dir=${folder}`, ...subject.args] })
  console.log(`\n${subject.name}: ${wall.toFixed(2)} s with the profiler on`)
  for (const file of readdirSync(folder).map((name) => join(folder, name))) {
    console.log(file)
    for (const [what, time] of selfTimes(JSON.parse(readFileSync(file, "utf8"))).slice(0, shown)) {
      console.log(`  ${time.toFixed(3).padStart(8)} s  ${what}`)
    }
  }
}
