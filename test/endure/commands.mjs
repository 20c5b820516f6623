/** Every command, again and again, as whole processes. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { connect } from "../load/daemon.mjs"
import { commandsOf, recipes } from "./recipes.mjs"

const older = fileURLToPath(new URL("../fixtures/go-legacy/v9/rich.db.gz", import.meta.url))

/** What the recipes work on: a project, a snapshot with its database, whole and cut, and a database of an older version. */
const prepare = async (place, ask) => {
  await ask("POST", "/projects", { name: "app" })
  const at = (name) => join(place.folder, name)
  const must = async (...argv) => {
    const { exit, stderr } = await place.run(argv)
    if (exit !== 0) throw new Error(`${argv.join(" ")}: exit code ${exit}: ${stderr}`)
  }
  await must("init", "--project", "app")
  await must("create", "the first one", "--body", "of some words")
  await must("export", "--allow-running-daemon", "--output", at("good.jsonl"))
  await must("import", "--input", at("good.jsonl"), "--target", at("good.db"))
  copyFileSync(at("good.db"), at("copy.db"))
  writeFileSync(at("older.db"), gunzipSync(readFileSync(older)))
  const good = readFileSync(at("good.jsonl"), "utf8")
  writeFileSync(at("cut.jsonl"), good.slice(0, good.length / 2))
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)

/** How often a command is run again that found the daemon busy. */
const patience = 3

/** The cells of a row: commands, rounds, processes, as expected, run again, by a signal, collections of each kind. */
export const runCommands = async ({ only, place, problem, signal, times }) => {
  const commands = commandsOf((await place.run(["completion", "bash"])).stdout)
  const without = commands.filter((name) => !(name in recipes))
  const unknown = Object.keys(recipes).filter((name) => !commands.includes(name))
  for (const name of without) problem(`there is no recipe for: kata ${name}`)
  for (const name of unknown) problem(`there is no such command: kata ${name}`)
  const known = Object.entries(recipes).filter(([name]) =>
    commands.includes(name) && (only === undefined || only.includes(name))
  )
  if (known.length === 0) throw new Error("there is no command to run")

  const daemon = await place.serve(1000)
  const { ask, close } = connect(daemon.socketPath)
  await prepare(place, ask)
  const ran = []
  let [rounds, expected, signals, busy] = [0, 0, 0, 0]
  try {
    while (rounds < times && !signal.aborted && daemon.over() === undefined) {
      const round = { n: rounds, place: place.folder }
      await ask("POST", "/projects", { name: `source-${rounds}` })
      for (const [name, recipe] of known) {
        const { argv, exit = 0, ...options } = recipe(round)
        // what only shows something is run by the daemon, or here when it is traced
        const more = rounds % 2 === 0 ? {} : { KATA_DEBUG: "1" }
        let result
        for (let tries = 1;; tries++) {
          result = await place.run(argv, { ...options, more, stressed: rounds % 3 === 0 })
          ran.push(result.pid)
          // on a machine with much else to do a daemon that collects all the time may not answer in time, and that is said
          if (exit === 7 || result.exit !== 7 || !result.stderr.includes("does not answer") || tries > patience) break
          busy++
        }
        // a terminal interrupts all of them
        if (signal.aborted) break
        if (name === "create") round.issue = result.stdout.trim()
        if (result.signal !== null) signals++
        if (result.exit === exit) expected++
        else {
          const how = result.signal ?? `exit code ${result.exit}`
          problem(`kata ${argv.join(" ")} (time ${rounds}): ${how}, not ${exit}: ${result.stderr.slice(0, 2000)}`)
        }
      }
      if (!signal.aborted) rounds++
    }
  } catch (error) {
    problem(`in round ${rounds}: ${error.message}`)
  } finally {
    close()
    await place.run(["daemon", "stop"], { own: true })
  }
  const early = daemon.over() !== undefined
  const { exit, signal: how, stderr } = await daemon.stop()
  if (early || exit !== 0) problem(`the daemon ended with ${how ?? exit}: ${stderr.slice(0, 2000)}`)

  const said = place.said().filter((line) => line.inside !== undefined)
  const collected = new Set(said.map(({ pid }) => pid))
  const not = ran.filter((pid) => !collected.has(pid)).length
  // a process that ends by a signal has no time to say so
  if (not > signals) problem(`in ${not} processes no garbage was collected`)
  const counts = ["inside", "outside", "between"].map((kind) => sum(said.map((line) => line[kind])))
  return [known.length, rounds, ran.length, expected, busy, signals, ...counts]
}
