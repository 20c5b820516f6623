/**
 * What `npm run prepare` begins with: mends what npm does to a checkout.
 *
 * - npm 10 takes the link of the Node that it brought away again at the end of an install, together with those of the Nodes of other platforms,
 *   which have the same name (findings/npm10-takes-a-shared-bin-away.sh). Our scripts run on that Node.
 * - npm takes out of the lock that better-sqlite3 has nothing to compile (findings/npm-lock-forgets-gypfile.sh).
 */
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const modules = join(root, "node_modules")

const link = join(modules, ".bin", "node")
const names = ["node", "node-bin"].map((name) => `${name}-${process.platform}-${process.arch}`)
const name = names.find((name) => existsSync(join(modules, name, "bin", "node")))
if (name !== undefined && !existsSync(link)) {
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link)
  symlinkSync(join("..", name, "bin", "node"), link)
}

const lock = join(root, "package-lock.json")
if (existsSync(lock)) {
  const text = readFileSync(lock, "utf8")
  const said = text.replace(
    /(\n {4}"node_modules\/better-sqlite3": \{\n {6}"version": "[^"]+",\n)(?! {6}"gypfile")/,
    "$1      \"gypfile\": false,\n"
  )
  if (said !== text) writeFileSync(lock, said)
}
