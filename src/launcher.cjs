#!/usr/bin/env node
"use strict"

// Answers --version, and runs the bundle with V8's compiled form of it. Whatever is required here costs every start.

const fs = require("node:fs")

const version = () => {
  try {
    fs.writeSync(1, "kata __KATA_VERSION__\n")
  } catch (error) {
    if (error.code === "EAGAIN") return process.stdout.write("kata __KATA_VERSION__\n")
    if (error.code === "EPIPE") return
    process.exitCode = 11
    fs.writeSync(2, `kata: cannot write to stdout: ${error.code}\n`)
  }
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
  module_.exports.main(argv).then(
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

const argv = process.argv.slice(2)
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`kata: needs Node 20.19 or later, this is ${process.version}`)
  process.exitCode = 1
} else if (argv.length === 1 && argv[0] === "--version") version()
else run(argv)
