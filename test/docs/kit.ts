/** The documentation as data, and a place in which its commands run. */
import { spawn } from "node:child_process"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))
export const read = (file: string): string => readFileSync(join(root, file), "utf8")
export const fixture = (name: string): string => join(root, "test", "fixtures", "go-v10", name)

/** README, CHANGELOG and everything in docs/, by path from the root. */
export const documents: ReadonlyArray<string> = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .toSorted()
]

export interface Fence {
  /** The words after the backticks. */
  readonly info: string
  readonly text: string
  /** The line in which the text begins. */
  readonly line: number
  /** What a comment `<!-- sh setup` before it prepares: the damage that the text speaks of, for instance. */
  readonly setup: string
}

/** The fenced blocks of a document. */
export const fences = (file: string): ReadonlyArray<Fence> => {
  const found: Array<{ info: string; lines: Array<string>; line: number; setup: ReadonlyArray<string> }> = []
  let setup: Array<string> = []
  let inside: "nothing" | "setup" | "fence" = "nothing"
  read(file).split("\n").forEach((line, i) => {
    if (inside === "setup") {
      if (line === "-->") inside = "nothing"
      else setup.push(line)
    } else if (line === "<!-- sh setup") inside = "setup"
    else if (line.startsWith("```")) {
      inside = inside === "fence" ? "nothing" : "fence"
      if (inside === "fence") {
        found.push({ info: line.slice(3).trim(), lines: [], line: i + 2, setup })
        setup = []
      }
    } else if (inside === "fence") found.at(-1)?.lines.push(line)
  })
  const joined = (lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")
  return found.map(({ info, line, lines, setup }) => ({ info, line, text: joined(lines), setup: joined(setup) }))
}

const expectation = /^(.*\S) +# exit (\d+)( when .*)?$/
/** The time that pages write where the reader puts that of a backup. */
const ofBackup = /[^\s=]*\.bak\.20261130T101010Z/g

/** As it is typed, for `bash -e`: `# exit 9` behind a command says how it ends, `# exit 9 when …` how it may end. */
export const typed = (text: string): string =>
  text.split("\n").map((line) => {
    const [, command = line, code, sometimes] = expectation.exec(line) ?? []
    const named = command.replace(ofBackup, (name) => `"$(ls ${name.slice(0, name.lastIndexOf("."))}.*)"`)
    if (code === undefined) return named
    const unlike = sometimes === undefined ? "{ echo 'it ended with 0' >&2; exit 1; }" : "true"
    return `{ ${named}; } && ${unlike} || test $? -eq ${code}`
  }).join("\n")

/** The text of a block after what prepares it. */
export const script = ({ setup, text }: Fence): string => typed(setup + text)

/** The blocks that say that they can be run. */
export const runnable = (file: string): ReadonlyArray<Fence> => fences(file).filter(({ info }) => info === "sh run")

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Not `spawnSync`: vitest wants to hear of a worker now and then. */
export const start = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
    const out = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        out[name] += text
      })
    }
    child.on("error", reject).on("close", (status) => resolve({ status, ...out }))
  })

export interface Machine {
  readonly folder: string
  readonly run: (script: string) => Promise<Ended>
  readonly kata: (...args: ReadonlyArray<string>) => Promise<Ended>
}

/** A home with a database in it, `kata` on the PATH, and another machine called `other` that ssh and scp reach. */
export const machine = (): Machine => {
  const folder = mkdtempSync(join(tmpdir(), "kata-docs-"))
  const inFolder = (...parts: ReadonlyArray<string>) => join(folder, ...parts)
  for (const directory of ["bin", "home", "home/.kata", "other", "run", "work", "tmp"]) {
    mkdirSync(inFolder(directory))
  }
  const copy = inFolder("home", ".kata", "kata.db")
  copyFileSync(fixture("rich.db"), copy)
  chmodSync(copy, 0o600)
  const program = (name: string, ...lines: ReadonlyArray<string>) => {
    writeFileSync(inFolder("bin", name), ["#!/usr/bin/env bash", ...lines, ""].join("\n"))
    chmodSync(inFolder("bin", name), 0o755)
  }
  program("kata", `exec "${process.execPath}" "${join(root, "dist", "launcher.cjs")}" "$@"`)
  program("ssh", "shift", `cd "${inFolder("other")}" && HOME="${inFolder("other")}" exec bash -c "$*"`)
  program("scp", `[ "$1" = -q ] && shift`, `cp "$1" "${inFolder("other")}/\${2#*:}"`)
  writeFileSync(inFolder("home", ".gitconfig"), "[user]\n\tname = A\n\temail = a@example.org\n")
  const env = {
    PATH: `${inFolder("bin")}:${process.env["PATH"]}`,
    HOME: inFolder("home"),
    TMPDIR: inFolder("tmp"),
    XDG_RUNTIME_DIR: inFolder("run"),
    USER: "ana",
    GIT_CONFIG_NOSYSTEM: "1"
  }
  const options = { cwd: inFolder("work"), env }
  return {
    folder,
    // a daemon that a command has started stays
    run: (script) =>
      start("bash", ["-e", "-c", script], options)
        .finally(() => start(inFolder("bin", "kata"), ["daemon", "stop"], options)),
    kata: (...args) => start(inFolder("bin", "kata"), args, options)
  }
}
