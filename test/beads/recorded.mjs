#!/usr/bin/env node
// Answers as a recorded version of bd did: BX_RECORDED is the directory of the recording, BX_CWD the place that it stands for.
import { readFileSync, writeSync } from "node:fs"
import { join } from "node:path"

const directory = process.env.BX_RECORDED
const place = process.env.BX_CWD || "workspace"
const asked = JSON.stringify(process.argv.slice(2))
const found = JSON.parse(readFileSync(join(directory, "commands.json"), "utf8"))
  .find(({ argv, cwd }) => JSON.stringify(argv.slice(1)) === asked && cwd === place)
if (found === undefined) {
  process.stderr.write(`Error: unknown command "${process.argv[2]}" for "bd"\n`)
  process.exit(1)
}
const stdout = found.stdout_file === undefined
  ? Buffer.from(found.stdout ?? "")
  : readFileSync(join(directory, found.stdout_file))
for (let at = 0; at < stdout.length;) at += writeSync(1, stdout, at)
process.stderr.write(found.stderr ?? "")
process.exitCode = found.exit
