/**
 * `npm run prepare` begins with it: puts the Node that npm brought first in the PATH of our scripts, where npm has not done so. npm 10 takes
 * its link away again at the end of an install, together with those of the Nodes of other platforms, which have the same name.
 */
import { existsSync, lstatSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const modules = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "node_modules")
const link = join(modules, ".bin", "node")
const names = ["node", "node-bin"].map((name) => `${name}-${process.platform}-${process.arch}`)
const name = names.find((name) => existsSync(join(modules, name, "bin", "node")))

if (name !== undefined && !existsSync(link)) {
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link)
  symlinkSync(join("..", name, "bin", "node"), link)
}
