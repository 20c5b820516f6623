/** The tables, and the page that they stand on. */
import Sqlite from "better-sqlite3"
import { arch, cpus, loadavg, release, totalmem, type } from "node:os"
import { sqliteVersion } from "./subjects.mjs"

/** What else the machine did when the measurements began. */
const load = loadavg()[0]

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",")
const time = (seconds) => seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(2)} s`
const megabytes = (bytes) => bytes === undefined ? "–" : `${(bytes / 2 ** 20).toFixed(0)} MB`
const ratio = (a, b) => a === undefined || b === undefined ? "–" : `${(a / b).toFixed(2)}×`

const table = (head, rows) =>
  [head, head.map((_, i) => i === 0 ? "---" : "---:"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const yardstickOf = ({ subjects, yardstick }) => subjects.find(({ name }) => name === yardstick)

/** One size: every subject with its yardstick. */
export const tables = ({ bytes, groups, issues, waits }) => {
  const title = issues === 0
    ? "Start"
    : `${grouped(issues)} issues, ${(bytes / 1e6).toFixed(0)} MB as a snapshot`
  const rows = groups.flatMap((group) => {
    const base = yardstickOf(group)
    return group.subjects.map(({ cpu, median, min, name, peak }) => [
      name === base?.name ? name : `**${name}**`,
      time(median),
      time(min),
      cpu === undefined ? "–" : time(cpu),
      megabytes(peak),
      name === base?.name ? "1" : ratio(median, base?.median),
      name === base?.name ? "1" : ratio(min, base?.min),
      name === base?.name ? "1" : ratio(cpu, base?.cpu)
    ])
  })
  const head = ["", "median", "min", "CPU", "peak memory", "ratio of medians", "of minima", "of CPU"]
  const measured = rows.length === 0 ? [] : [`${table(head, rows)}\n`]
  return `### ${title}\n\n${[...measured, ...waits === undefined ? [] : [waiting(waits, issues)]].join("\n")}`
}

/** How long others wait for a merge that a daemon does. */
const waiting = ({ changed, fresh, issues: some, sqlite }, issues) =>
  `${
    table(
      ["merge by a daemon, under four writers and a reader", "time of the merge", "longest write", "longest read"],
      [
        [`**${grouped(some)} changed issues**`, ...[changed.took, changed.write, changed.read].map(time)],
        [`**${grouped(issues)} other issues**`, ...[fresh.took, fresh.write, fresh.read].map(time)],
        [
          `the rows of ${grouped(issues)} other issues in one transaction of sqlite3`,
          sqlite === undefined ? "–" : time(sqlite),
          "",
          ""
        ]
      ]
    )
  }\n`

const find = (results, issues, group, name) => {
  const found = results.find((result) => result.issues === issues)?.groups.find((one) => one.group === group)
  return found && { subject: found.subjects.find((one) => one.name === name), base: yardstickOf(found) }
}

const verdict = (value, goal, aim) =>
  value > goal ? "no" : aim === undefined ? "yes" : value > aim ? "yes, aim not" : "yes, aim too"

/** A goal that is a ratio to the yardstick of the group. */
const against = (results, issues, group, name, goal, aim) => {
  const { base, subject } = find(results, issues, group, name) ?? {}
  const size = issues === 0 ? "" : `, ${grouped(issues)} issues`
  const wanted = aim === undefined ? "" : `, aim ≤ ${aim.toFixed(1)}×`
  const what = [`\`${name}\`${size}`, `≤ ${goal.toFixed(1)}×${wanted}`]
  if (base === undefined) return [...what, "not measured", "", "", ""]
  const value = subject.median / base.median
  return [
    ...what,
    ratio(subject.median, base.median),
    ratio(subject.min, base.min),
    ratio(subject.cpu, base.cpu),
    verdict(value, goal, aim)
  ]
}

const commands = ["export", "import", "verify", "upgrade"]

/** What a forwarded command costs its daemon; Linux alone says it. */
const ofDaemon = (results) => {
  const { forwarded } = results.find(({ issues }) => issues === 0) ?? {}
  const what = ["forwarded show, CPU of the daemon / of the plain request", "≤ 3.0×"]
  if (forwarded === undefined) return [...what, "not measured", "", "", ""]
  const { plain, show } = forwarded
  return [...what, "", "", ratio(show, plain), verdict(show / plain, 3)]
}

/** How long a writer waits for the transaction of a merge. */
const longestWaits = (results) =>
  results.flatMap(({ issues, waits }) => {
    if (waits === undefined) return []
    const { changed, fresh, issues: some, sqlite } = waits
    return [
      [
        `longest wait of a writer for ${grouped(some)} changed issues among ${grouped(issues)}`,
        "≤ 2 s",
        time(changed.write),
        "",
        "",
        verdict(changed.write, 2)
      ],
      [
        `longest wait of a writer for ${grouped(issues)} other issues / the same rows in one transaction of sqlite3`,
        "≤ 1.2×",
        ratio(fresh.write, sqlite),
        "",
        "",
        sqlite === undefined ? "not measured" : verdict(fresh.write / sqlite, 1.2)
      ]
    ]
  })

const goals = (results) => {
  const rows = [
    against(results, 100_000, "export", "kata export", 2, 1.5),
    against(results, 100_000, "import", "kata import", 1.2, 0.8),
    against(results, 100_000, "upgrade", "kata upgrade", 1.3),
    ...results.filter(({ groups }) => groups.some(({ group }) => group === "merge")).flatMap(({ issues }) => [
      against(results, issues, "merge", "kata import --merge, other issues", 1.5),
      against(results, issues, "merge", "kata import --merge, the same again", 0.3)
    ]),
    ...results.filter(({ groups }) => groups.some(({ group }) => group === "diff")).map(({ issues }) =>
      against(results, issues, "diff", "kata diff", 2)
    ),
    ...longestWaits(results),
    against(results, 0, "start", "kata --version", 2, 1.7),
    against(results, 0, "start", "kata show", 2.5),
    ofDaemon(results)
  ]
  const largest = results.filter(({ issues }) => issues > 0).at(-1)
  const verify = largest && find(results, largest.issues, "verify", "kata verify")?.subject
  if (verify !== undefined) {
    const rates = [verify.median, verify.min].map((seconds) => largest.bytes / 1e6 / seconds)
    const [rate, best] = rates.map((rate) => `${rate.toFixed(0)} MB/s`)
    const met = rates[0] >= 200 ? "yes" : "no"
    rows.push([`\`kata verify\`, ${grouped(largest.issues)} issues`, "≥ 200 MB/s", rate, best, "", met])
  }
  for (const { issues } of results.filter(({ issues }) => issues >= 100_000)) {
    const peaks = [
      ...commands.map((command) => [command, command]),
      ["merge", "import --merge, other issues"],
      ["diff", "diff"]
    ]
    for (const [group, command] of peaks) {
      const peak = find(results, issues, group, `kata ${command}`)?.subject?.peak
      if (peak === undefined) continue
      const met = verdict(peak / 2 ** 20, 256)
      rows.push([
        `\`kata ${command}\`, ${grouped(issues)} issues, peak memory`,
        "≤ 256 MB",
        megabytes(peak),
        "",
        "",
        met
      ])
    }
  }
  return table(["what", "goal", "of medians", "of minima", "of CPU", "met"], rows)
}

/** From each size to the next. */
const growth = (results) => {
  const sized = results.filter(({ issues }) => issues > 0)
  const rows = sized.slice(1).flatMap((large, i) =>
    commands.flatMap((command) => {
      const [from, to] = [sized[i], large].map(({ issues }) =>
        find(results, issues, command, `kata ${command}`)?.subject
      )
      return from === undefined || to === undefined ? [] : [[
        `\`kata ${command}\`, ${grouped(sized[i].issues)} → ${grouped(large.issues)}`,
        ratio(large.issues, sized[i].issues),
        ratio(to.median, from.median),
        ratio(to.min, from.min),
        ratio(to.cpu, from.cpu),
        ratio(to.peak, from.peak)
      ]]
    })
  )
  return rows.length === 0 ?
    "Only one size was measured.\n" :
    `${table(["", "issues", "time, medians", "minima", "CPU", "peak memory"], rows)}\n`
}

const machine = () => {
  const processors = cpus()
  const own = new Sqlite(":memory:")
  const bundled = own.prepare("SELECT sqlite_version()").pluck().get()
  own.close()
  return table(["", ""], [
    ["processor", `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`],
    ["memory", `${(totalmem() / 2 ** 30).toFixed(0)} GB`],
    ["system", `${type()} ${release().split("-")[0]}, ${arch()}`],
    ["load when it began", load.toFixed(1)],
    ["Node", process.version],
    ["SQLite of kata", bundled],
    ["the `sqlite3` program", sqliteVersion ?? "none"]
  ])
}

/** Where a build and its Node lie says nothing to who reads this. */
const withoutPaths = (command) => command.replaceAll(/(--[\w-]+)[ =]\S*\/\S*/g, "$1 …")

export const page = (results, { command, other, runs, seed, version }) =>
  `# Benchmarks

Written by \`npm run bench -- --write\`; do not edit. Times depend on the machine, ratios much less:
compare those.

Each subject is a whole process, from its start to its end. All of a group run in turns, ${runs} times
(starts ${runs * 10} times), so that whatever else the machine does meets all of them; the tables say
medians and minima. CPU is user and system time together, of all threads. Peak memory is the largest
resident set that the system saw, looked at every 10 ms. The databases are made by
\`Generate.generate\` of \`kata/testing\`, seed ${seed}: about twelve rows an issue, 480 bytes a row as
JSON. They are in the page cache, and what was written before is on disk (\`sync\`) when a subject
starts.

\`kata show\` asks a daemon that runs, for one issue; the others start none. What that costs the daemon is
measured over some hundred requests, each over a connection of its own, in turns with as many plain requests
(\`GET\` of the same issue).

What the yardsticks do not do: \`sqlite3\` neither checks what it writes nor makes a digest nor waits
until a dump is on disk; \`kata export\` tests each row against the rules of its table, seals the file
and syncs it. \`kata import\` reads and checks the file, builds every index and the search index, has
SQLite check the integrity, exports the new database again and compares digests. \`kata upgrade\` works on a database of
version 9, whose export \`kata import, version 9\` reads. \`kata import --merge\` brings a database of as many other issues, or a
copy in which some were changed, into the database, and reads each row back; its yardstick is an import of those other issues alone. A
merge by a daemon is measured over its API, while four writers comment on one issue, each as soon as its last comment was answered,
and a reader asks for it.

kata ${version}, \`npm run bench${command === "" ? "" : ` -- ${withoutPaths(command)}`}\`.${
    other === undefined ? "" : `\n\`other\` is kata ${other.version} on Node ${other.node}.`
  }

## Goals

Met or not is said of the medians, or of the CPU where nothing else is measured.

${goals(results)}

## Growth

The goal is at most 11 times the time for ten times the issues, in the same memory.

${growth(results)}
## Measurements

${results.map(tables).join("\n")}
## Machine

${machine()}

## To find what costs

\`npm run bench -- --issues 30000 --only export,import,verify --profile <folder>\` runs each command
once with V8's profiler on, prints the functions that took longest, and keeps a \`.cpuprofile\` of each
thread, which the developer tools of a browser or an editor open. What SQLite does counts for the
JavaScript function that called it. For one command: \`node --cpu-prof dist/launcher.cjs export …\`.
\`node test/bench/generate.mjs <file> <issues>\` makes a database to keep, and
\`--beside <launcher.cjs>\` measures another build in the same run.
`
