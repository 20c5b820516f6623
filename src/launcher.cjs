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

/** The sockets of the daemons of this version whose records say that they serve the database of this environment. */
const sockets = ({ HOME: home, KATA_DB: database, KATA_HOME: state }) => {
  const path = require("node:path")
  const directory = state ? path.resolve(state) : path.resolve(home, ".kata")
  const wanted = database ? path.resolve(database) : path.join(directory, "kata.db")
  return fs.readdirSync(`${directory}/runtime`).flatMap((name) =>
    fs.readdirSync(`${directory}/runtime/${name}`)
      .filter((file) => /^daemon\.\d+\.json$/.test(file))
      .map((file) => recordIn(`${directory}/runtime/${name}/${file}`))
  ).flatMap(({ address, db_path, version }) =>
    version === "__KATA_VERSION__" && db_path === wanted && address.startsWith("unix:///") ? [address.slice(7)] : []
  )
}

/** What a command has printed, in an answer of HTTP that has come whole; undefined for anything else. */
const printedIn = (answer) => {
  const end = answer.indexOf("\r\n\r\n")
  const body = answer.subarray(end + 4)
  const [, length] = /^HTTP\/1\.1 200 [^]*\r\ncontent-length: (\d+)/i.exec(answer.toString("latin1", 0, end)) || []
  if (Number(length) !== body.length) return undefined
  try {
    const { stderr, stdout } = JSON.parse(body.toString("utf8")).printed
    return typeof stdout === "string" && typeof stderr === "string" ? { stdout, stderr } : undefined
  } catch {
    return undefined
  }
}

/** A connection to the daemon, and what it is asked; undefined where there is none, or where the command is to be traced. */
const askable = (argv) => {
  if (!process.env.HOME || process.env.KATA_DEBUG) return undefined
  try {
    const [path] = sockets(process.env)
    if (path === undefined) return undefined
    const { dev, ino } = fs.statSync(".")
    const call = {
      build: "__KATA_BUNDLE__",
      argv,
      cwd: process.cwd(),
      directory: `${dev}:${ino}`,
      terminal: require("node:tty").isatty(1),
      variables: process.env
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
