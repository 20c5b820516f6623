/** A daemon under load of several clients, then left alone. */
import { connect } from "../load/daemon.mjs"
import { clientOf } from "../load/work.mjs"
import { sleep } from "./place.mjs"

const clients = 4
const megabyte = 1048576

/** What the last fifth of the idle time may have more than the first: what V8 keeps for itself comes and goes. */
const bounds = { heap: megabyte, external: megabyte, resident: 16 * megabyte, descriptors: 0 }

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

const load = async (daemon, { ms, seed, signal }) => {
  const connections = Array.from({ length: clients }, () => connect(daemon.socketPath))
  const { id } = (await connections[0].ask("POST", "/projects", { name: "endure" })).body.project
  const given = { known: [], project: `/projects/${id}`, seed }
  const workers = connections.map((connection, number) => clientOf(connection, number, given))
  await workers[0].create()
  let requests = 0
  const end = Date.now() + ms
  await Promise.all(workers.map(async (worker) => {
    while (Date.now() < end && !signal.aborted) {
      await worker.any()
      requests++
    }
  }))
  for (const { close } of connections) close()
  return requests
}

/** The cells of a row: requests, minutes, what it held at first and at last, collections of each kind, how it ended. */
export const runDaemon = async ({ idle, load: loaded, place, problem, seed, signal }) => {
  const daemon = await place.serve(Math.min(1000, idle / 20))
  const requests = await load(daemon, { ms: loaded, seed, signal }).catch((error) => {
    problem(`under load: ${error.message}`)
    return "–"
  })
  const began = Date.now()
  while (Date.now() < began + idle && !signal.aborted && daemon.over() === undefined) await sleep(100)
  const minutes = (Date.now() - began) / 60_000
  const early = daemon.over() !== undefined
  const { exit, signal: how, stderr } = await daemon.stop()
  const end = how ?? `exit code ${exit}`
  if (early) problem(`the daemon ended by itself, with ${end}: ${stderr.slice(0, 2000)}`)
  else if (exit !== 0) problem(`told to stop, the daemon ended with ${end}: ${stderr.slice(0, 2000)}`)

  const said = place.said().filter(({ pid }) => pid === daemon.pid)
  const held = said.filter(({ at }) => at >= began)
  const fifth = Math.ceil(held.length / 5)
  if (held.length < 5) problem(`the daemon told only ${held.length} times what it holds`)
  const cells = Object.entries(bounds).map(([name, bound]) => {
    const [first, last] = [held.slice(0, fifth), held.slice(-fifth)].map((part) =>
      median(part.map((line) => line[name]))
    )
    if (first === undefined || last === undefined) return "–"
    const text = (value) => name === "descriptors" ? value : (value / megabyte).toFixed(1)
    if (last - first > bound) problem(`the daemon grows, ${name}: from ${text(first)} to ${text(last)}`)
    return `${text(first)} → ${text(last)}`
  })
  const counts = said.findLast((line) => line.inside !== undefined) ?? {}
  const collections = ["inside", "outside", "between"].map((kind) => counts[kind] ?? "–")
  return [requests, minutes.toFixed(1), ...cells, ...collections, end]
}
