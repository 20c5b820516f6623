"use strict"

// Runs commands with a new bundle as its launcher would, and keeps what V8 has compiled for them: warm.cjs <folder> <commands as JSON>.

const { readFileSync, writeFileSync } = require("node:fs")
const vm = require("node:vm")

const [, , folder, commands] = process.argv
const file = `${folder}/bundle.cjs`
// the launcher's source and name of it: V8 looks at both when it takes a cache
const script = new vm.Script(readFileSync(file, "latin1"), { filename: "kata/bundle.cjs" })
const module_ = { exports: {} }
script.runInThisContext()(module_.exports, require, module_, file, folder)

const warm = async () => {
  for (const argv of JSON.parse(commands)) {
    const code = await module_.exports.main(argv)
    if (code !== 0) throw new Error(`kata ${argv.join(" ")} ended with ${code}`)
  }
  writeFileSync(`${folder}/bundle.cache`, script.createCachedData())
  process.exit(0)
}
void warm()
