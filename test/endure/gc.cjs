/**
 * Required by every process of `endure.mjs` (NODE_OPTIONS): collects garbage inside its work, between the turns of its loop and before its
 * end, with JavaScript on the stack and without, as an idle process does. KATA_ENDURE_LOG is where it says how often, in lines of JSON;
 * KATA_ENDURE_FIGURES, for a daemon, the milliseconds between two lines of what it holds.
 */
"use strict"
const fs = require("node:fs")

const { KATA_ENDURE_FIGURES: figures, KATA_ENDURE_LOG: log } = process.env
const write = (line) => fs.appendFileSync(log, `${JSON.stringify({ pid: process.pid, ...line })}\n`)

const counts = { inside: 0, outside: 0, between: 0 }

const inside = () => {
  counts.inside++
  gc()
}
// a task of its own: what ends with an object ends while no JavaScript runs
const outside = () => {
  counts.outside++
  return gc({ type: "major", execution: "async" })
}

/** Does it again and again, for a part of the time: a slow machine must get on with its work. */
const often = (collect, again, pause) => {
  let free = 0
  const next = () => {
    const began = performance.now()
    if (began >= free) {
      collect()
      free = performance.now() + pause + 12 * (performance.now() - began)
    }
    // one that is not waited for lets the loop sleep
    again(next).unref()
  }
  next()
}
const pause = figures === undefined ? 5 : 100

let turns = 0
often(() => ++turns % 4 === 0 ? inside() : outside(), (next) => setTimeout(next, pause), pause)
often(
  () => {
    counts.between++
    gc({ type: "minor" })
  },
  setImmediate,
  0
)

process.once("beforeExit", outside)
process.on("exit", () => {
  inside()
  write(counts)
})

if (figures !== undefined) {
  const descriptors = () => fs.existsSync("/proc/self/fd") ? fs.readdirSync("/proc/self/fd").length : undefined
  setInterval(() => {
    inside()
    const { external, heapUsed, rss } = process.memoryUsage()
    write({ at: Date.now(), descriptors: descriptors(), external, heap: heapUsed, resident: rss })
  }, Number(figures)).unref()
}
