#!/usr/bin/env node
"use strict"

// Answers --version, asks the daemon for what only shows something, and else runs the bundle with V8's compiled form of it. Whatever is
// required here costs every start.

const fs = require("node:fs")

/**
 * Writes the text to stdout, without the streams of Node that take time to load, and calls `then`; or `instead`, when an error kept all of
 * it from being written.
 */
const print = (text, then, instead) => {
  const bytes = Buffer.from(text)
  let done = 0
  try {
    while (done < bytes.length) done += fs.writeSync(1, bytes, done)
  } catch (error) {
    if (error.code === "EAGAIN") {
      process.stdout.on("error", () => {})
      return process.stdout.write(bytes.subarray(done), () => then())
    }
    // who closed the pipe has seen enough
    if (error.code !== "EPIPE") {
      if (done === 0 && instead) return instead()
      process.exitCode = 11
      fs.writeSync(2, `kata: cannot write to stdout: ${error.code}\n`)
    }
  }
  then()
}

const read = (file, encoding) => {
  try {
    return fs.readFileSync(file, encoding)
  } catch {
    return undefined
  }
}

/**
 * Where this user's own compiled form lies, when V8 rejects the one made at build time (another Node, processor or
 * flag). It is code: nobody else may be able to write it.
 */
const userCache = () => {
  const path = require("node:path")
  const v8 = require("node:v8")
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, ".cache"))
  if (!home || !path.isAbsolute(home)) return undefined
  const directory = path.join(home, "kata")
  const name = `__KATA_BUNDLE__-${process.version}-${process.arch}-${v8.cachedDataVersionTag()}.cache`
  return { home, directory, file: path.join(directory, name) }
}

const isPrivate = (stat) => stat.uid === process.getuid() && (stat.mode & 0o077) === 0

const readUserCache = (cache) => {
  try {
    return isPrivate(fs.lstatSync(cache.directory)) ? fs.readFileSync(cache.file) : undefined
  } catch {
    return undefined
  }
}

/** One level only: `recursive` never returns where a directory cannot exist, as in /proc. */
const makeDirectory = (directory) => {
  try {
    fs.mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if (error.code !== "EEXIST") throw error
  }
}

/** A cache that cannot be written is no error: the next start is as slow as this one. */
const writeUserCache = (cache, script) => {
  const temporary = `${cache.file}.${process.pid}`
  try {
    makeDirectory(cache.home)
    // as root in the home of somebody else: leave nothing there
    if (fs.statSync(cache.home).uid !== process.getuid()) return
    makeDirectory(cache.directory)
    if (!isPrivate(fs.lstatSync(cache.directory))) return
    // V8 checks little of what it is given: the name must never stand for half a file
    const file = fs.openSync(temporary, "wx", 0o600)
    try {
      fs.writeFileSync(file, script.createCachedData())
      fs.fsyncSync(file)
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(temporary, cache.file)
    const old = Date.now() - 30 * 24 * 60 * 60 * 1000
    for (const name of fs.readdirSync(cache.directory)) {
      const file = `${cache.directory}/${name}`
      if (/^[0-9a-f]{16}-v.*\.cache/.test(name) && fs.statSync(file).mtimeMs < old) fs.unlinkSync(file)
    }
  } catch {
    try {
      fs.unlinkSync(temporary)
    } catch {
      // it was not made
    }
  }
}

const run = (argv) => {
  const vm = require("node:vm")
  const file = `${__dirname}/bundle.cjs`
  // V8 keeps the name with the compiled form, and shows it in stack traces: it must hold wherever kata is installed.
  const filename = "kata/bundle.cjs"
  // The build has made a function of it: a source that is as it was read needs no copy.
  const source = fs.readFileSync(file, "latin1")
  const compile = (cachedData) => new vm.Script(source, { filename, cachedData })

  const built = read(`${__dirname}/bundle.cache`)
  let script = built === undefined ? undefined : compile(built)
  let remake
  if (script === undefined || script.cachedDataRejected) {
    remake = userCache()
    const own = remake && readUserCache(remake)
    script = compile(own)
    if (own !== undefined && !script.cachedDataRejected) remake = undefined
  }

  const module_ = { exports: {} }
  script.runInThisContext()(module_.exports, require, module_, file, __dirname)
  module_.exports.main(argv, "__KATA_BUNDLE__").then(
    (code) => {
      if (remake) writeUserCache(remake, script)
      // Everything is written. To end by itself Node would take its heap apart first, without handlers of signals: one that
      // comes then would make a failure of what is done. Told to stop, it would wait for what still waits for a reader.
      process.exit(code)
    },
    (error) => {
      process.exitCode = 1
      console.error(error)
    }
  )
}

/** Commands that a daemon of this build answers, see cli/forwarded.ts; it is the one that loads all of kata then, and has already. */
const looks = new Set(["show", "list", "ready", "search", "labels"])

/**
 * Files that are larger, or no files, are none of a daemon's: opening a pipe would wait for somebody who writes to it. Read here and not by
 * presence/records.ts, which is a part of the bundle: to load that is what asking the daemon saves.
 */
const recordBytes = 64 * 1024
const recordIn = (file) => {
  try {
    const stat = fs.statSync(file)
    return stat.isFile() && stat.size <= recordBytes ? JSON.parse(fs.readFileSync(file, "utf8")) : {}
  } catch {
    return {}
  }
}

/**
 * Whether a name can only have been made by this user: the file is theirs, and directories and links on the way to it are theirs or root's,
 * and changed by no one else. It is `notOnlyOurs` of files/ownership.ts, which is a part of the bundle too.
 */
const isOurs = (path) => {
  const uid = process.getuid()
  const trusted = [uid, 0, fs.lstatSync("/").uid]
  const rest = path.split("/").reverse()
  let real = ""
  let links = 0
  while (rest.length > 0) {
    const name = rest.pop()
    if (name === "" || name === ".") continue
    if (name === "..") {
      real = real.slice(0, Math.max(0, real.lastIndexOf("/")))
      continue
    }
    const next = `${real}/${name}`
    const info = fs.lstatSync(next)
    if (!trusted.includes(info.uid)) return false
    if (info.isSymbolicLink()) {
      if (++links > 40) return false
      const text = fs.readlinkSync(next)
      if (text.startsWith("/")) real = ""
      rest.push(...text.split("/").reverse())
      continue
    }
    if (info.isDirectory() && (info.mode & 0o022) !== 0 && (info.mode & 0o1000) === 0) return false
    if (rest.length === 0 && info.uid !== uid) return false
    real = next
  }
  return true
}

/**
 * Whether the process of that number lives, and has written into the lock of the database, which is ours, that it is the daemon. It is
 * `isDaemonOf` of presence/proof.ts. Where no /proc tells which process that is, it is one of this user's, and the socket's name has to do.
 */
const isDaemonOf = (database, pid) => {
  process.kill(pid, 0)
  if (process.platform !== "linux") return true
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1")
  // the name of the program stands before it in brackets, and may hold anything
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()
  const lock = `${fs.realpathSync(database)}.lock`
  const { mode, size, uid } = fs.statSync(lock)
  return !/[ZX]/.test(fields[0]) && (mode & 0o170000) === 0o100000 && size <= recordBytes && uid === process.getuid() &&
    fs.readFileSync(lock, "latin1").includes(`${boot} ${fields[19]}daemon`)
}

/** The sockets of the daemons of this version whose records say that they serve the database of this environment, and who are proven. */
const sockets = ({ HOME: home, KATA_DB: database, KATA_HOME: state }) => {
  const path = require("node:path")
  const directory = state ? path.resolve(state) : path.resolve(home, ".kata")
  const wanted = database ? path.resolve(database) : path.join(directory, "kata.db")
  return fs.readdirSync(`${directory}/runtime`).flatMap((name) =>
    fs.readdirSync(`${directory}/runtime/${name}`)
      .filter((file) => /^daemon\.\d+\.json$/.test(file))
      .map((file) => recordIn(`${directory}/runtime/${name}/${file}`))
  ).filter(({ address, db_path, pid, version }) => {
    if (version !== "__KATA_VERSION__" || db_path !== wanted || !address.startsWith("unix:///")) return false
    try {
      return Number.isSafeInteger(pid) && pid > 0 && isDaemonOf(wanted, pid) && isOurs(address.slice(7))
    } catch {
      return false
    }
  }).map(({ address }) => address.slice(7))
}

/** What these commands read of the environment; nothing else of it is sent. As in api/CommandLine.ts. */
const variables = [
  "HOME",
  "KATA_ALLOW_INSECURE",
  "KATA_AUTH_TOKEN",
  "KATA_DB",
  "KATA_HOME",
  "KATA_HTTP_TIMEOUT",
  "KATA_SERVER",
  "PATH",
  "XDG_CONFIG_HOME",
  "CLICOLOR",
  "CLICOLOR_FORCE",
  "COLUMNS",
  "KATA_FORCE_TTY",
  "NO_COLOR",
  "TERM"
]

/** These steer git otherwise than by files, and may hold anything: they are not sent. */
const steersGit = (name) => name.startsWith("GIT_CONFIG") || name === "GIT_CEILING_DIRECTORIES"

/** What would steer a terminal: kata prints none of it to people, but for colours. */
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const colours = /\u001b\[[0-9;]{1,9}m/g

/** Whether what was printed may go to that descriptor as it is. */
const isPrintable = (text, fd) => !steering.test(text.replace(colours, "")) || !require("node:tty").isatty(fd)

/** What a command has printed, in an answer of HTTP that has come whole; undefined for anything else. */
const printedIn = (answer) => {
  const end = answer.indexOf("\r\n\r\n")
  const body = answer.subarray(end + 4)
  const [, length] = /^HTTP\/1\.1 200 [^]*\r\ncontent-length: (\d+)/i.exec(answer.toString("latin1", 0, end)) || []
  if (Number(length) !== body.length) return undefined
  try {
    const { stderr, stdout } = JSON.parse(body.toString("utf8")).printed
    if (typeof stdout !== "string" || typeof stderr !== "string") return undefined
    return isPrintable(stdout, 1) && isPrintable(stderr, 2) ? { stdout, stderr } : undefined
  } catch {
    return undefined
  }
}

/** A connection to the daemon, and what it is asked; undefined where there is none, or where the command is to be traced. */
const askable = (argv) => {
  if (!process.env.HOME || process.env.KATA_DEBUG || Object.keys(process.env).some(steersGit)) return undefined
  try {
    const [path] = sockets(process.env)
    if (path === undefined) return undefined
    const { dev, ino } = fs.statSync(".")
    const terminal = require("node:tty").isatty(1)
    const call = {
      build: "__KATA_BUNDLE__",
      argv,
      cwd: process.cwd(),
      directory: `${dev}:${ino}`,
      terminal,
      columns: terminal ? process.stdout.columns || 0 : 0,
      variables: Object.fromEntries(
        variables.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]])
      )
    }
    return { socket: require("node:net").connect(path), body: Buffer.from(JSON.stringify(call)) }
  } catch {
    return undefined
  }
}

/** Long enough for a daemon that has anything else to do. */
const patience = 3000
/** More than a daemon says. */
const answerBytes = 64 * 1024 * 1024

/**
 * Lets the daemon run the command and prints what it says. `instead` is called when it does not: it is not there, the command fails, or
 * has to run here. Nothing was done then, since these commands change nothing.
 */
const ask = (argv, instead) => {
  const asked = askable(argv)
  if (asked === undefined) return instead()
  const { body, socket } = asked
  const chunks = []
  let size = 0
  // Whatever breaks the connection, `close` follows, and what came is no whole answer: the command runs here and says what is wrong.
  socket.setTimeout(patience, () => socket.destroy())
  socket.on("error", () => {})
  socket.on("data", (chunk) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > answerBytes) socket.destroy()
  })
  socket.on("close", () => {
    const printed = printedIn(Buffer.concat(chunks))
    if (printed === undefined) return instead()
    const aside = () =>
      printed.stderr === "" ? process.exit() : process.stderr.write(printed.stderr, () => process.exit())
    print(printed.stdout, aside, instead)
  })
  // the answer of HTTP/1.0 is over when the connection is
  socket.write(
    "POST /api/v1/commands HTTP/1.0\r\nhost: kata.invalid\r\ncontent-type: application/json\r\n" +
      `content-length: ${body.length}\r\n\r\n`
  )
  socket.write(body)
}

const argv = process.argv.slice(2)
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 14)) {
  // SQLite's addon would bring this process down; the Node of a checkout is there for its scripts
  const own = `${__dirname}/../node_modules/.bin/node`
  const way = fs.existsSync(own) ? `run it as: ${fs.realpathSync(own)} ${__filename}` : "install Node 24"
  fs.writeSync(2, `kata: needs Node 22.14 or later, this is ${process.version}; ${way}\n`)
  process.exitCode = 11
} else if (argv.length === 1 && argv[0] === "--version") print("kata __KATA_VERSION__\n", () => {})
else if (looks.has(argv[0])) ask(argv, () => run(argv))
else run(argv)
