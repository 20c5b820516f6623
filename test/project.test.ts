/** What a stranger gets: the lock, the pins, the names that package.json promises. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { expect, it } from "vitest"

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly [key: string]: unknown
}

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (file: string): string => readFileSync(join(root, file), "utf8")
const manifest = JSON.parse(read("package.json"))
const lock: Readonly<Record<string, Locked>> = JSON.parse(read("package-lock.json")).packages
/** What comes from a registry: not this package, nor a folder of it. */
const entries = Object.entries(lock).filter(([place, entry]) =>
  place.includes("node_modules/") && entry["link"] !== true
)

/** As node does: beside the package that asks, then in each folder above. */
const resolve = (from: string, name: string): Locked | undefined => {
  for (let place = from;; place = place.slice(0, Math.max(place.lastIndexOf("/node_modules/"), 0))) {
    const found = lock[`${place}${place === "" ? "" : "/"}node_modules/${name}`]
    if (found !== undefined || place === "") return found
  }
}

it("the lock knows every platform's package: npm ci works elsewhere (npm run lock)", () => {
  const missing = entries.flatMap(([place, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => resolve(place, name) === undefined)
      .map(([name, version]) => `${place} -> ${name}@${version}`)
  )
  expect(missing).toEqual([])
})

it("the lock has a digest for every package and names no registry", () => {
  expect(entries.filter(([, entry]) => entry.integrity === undefined).map(([place]) => place)).toEqual([])
  expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([place]) => place)).toEqual([])
})

it("the lock is the one of package.json", () => {
  for (const field of ["name", "version", "dependencies", "devDependencies", "peerDependencies", "engines", "bin"]) {
    expect(lock[""]?.[field], field).toEqual(manifest[field])
  }
})

it("nothing is compiled by an install from the lock", () => {
  // npm forgets the word whenever it writes the lock, and would ask for Python (findings/npm-lock-forgets-gypfile.sh)
  expect(lock["node_modules/better-sqlite3"]?.["gypfile"]).toBe(false)
  expect(manifest.allowScripts["better-sqlite3"]).toBe(false)
})

it("dependencies are pinned exactly", () => {
  const { optionalDependencies } = JSON.parse(read(".config/node/package.json"))
  const pins = [manifest.dependencies, manifest.devDependencies, manifest.overrides, optionalDependencies]
  const others = pins.flatMap((pin) => Object.entries(pin)).filter(([, version]) =>
    !/^\d+\.\d+\.\d+$/.test(`${version}`)
  )
  expect(others).toEqual([["kata-node", "file:.config/node"], ["better-sqlite3", "$better-sqlite3"]])
})

const importsOf = (file: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
      ? node.arguments[0]
      : undefined
    if (specifier !== undefined && ts.isStringLiteral(specifier)) found.push(specifier.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest))
  return found
}

it("a dependency is what the library imports, or a required peer of one; what is only bundled is for development", () => {
  const seen = new Set<string>()
  const named = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    // types too: the declarations are compiled by who uses the library
    for (const fileName of importsOf(file)) {
      if (fileName.startsWith(".")) visit(join(file, "..", fileName))
      else named.add(/^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? "")
    }
  }
  for (const file of ["index.ts", "testing/index.ts", "testing/contracts.ts"]) visit(`src/${file}`)
  expect(seen.size).toBeGreaterThan(150)
  const dependencies = Object.keys(manifest.dependencies)
  const peersOf = (name: string): ReadonlyArray<string> => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = JSON.parse(read(`node_modules/${name}/package.json`))
    return Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
  }
  const wanted = new Set([...named].filter((name) => dependencies.includes(name)))
  // a Set is walked as it grows
  for (const name of wanted) for (const peer of peersOf(name)) wanted.add(peer)
  expect([...wanted].toSorted()).toEqual(dependencies.toSorted())
  // what is built into dist/, and Node and its optional peers
  const built = ["@effect/sql-sqlite-node", ...Object.keys(manifest.peerDependencies)]
  expect([...named].filter((name) => !name.startsWith("node:") && !wanted.has(name) && !built.includes(name))).toEqual(
    []
  )
})

it("one copy of effect", () => {
  expect(entries.map(([place]) => place).filter((place) => place.endsWith("node_modules/effect"))).toEqual([
    "node_modules/effect"
  ])
})

it("the top level holds only what it may", () => {
  const allowed =
    /^(package(-lock)?\.json|tsconfig\.json|src|test|docs|findings|flake\.(nix|lock)|README\.md|LICENSE|CHANGELOG\.md)$/
  const ignored = /^(node_modules|dist)$/
  expect(readdirSync(root).filter((name) => !name.startsWith(".") && !allowed.test(name) && !ignored.test(name)))
    .toEqual([])
})

/** What runs effects by itself, and why: everything else leaves it to @effect/vitest, which knows the cause, the clock and the time limit. */
const runners: Readonly<Record<string, string>> = {
  "campaign/scenarios.ts": "npm run campaign runs it without vitest",
  "docs/examples/export-to-a-stream.ts": "it shows a program",
  "docs/examples/filesystem-in-a-test.ts": "it shows a test of somebody who has only node",
  "docs/examples/import-with-a-transform.ts": "it shows a program",
  "docs/examples/scripted-migration.ts": "it shows a program",
  "docs/examples/ten-databases.ts": "it shows a program",
  "docs/examples/undo-a-restore.ts": "it shows a program",
  "docs/library.test.ts": "it makes what an example, which is plain, works on",
  "fuzz/main.ts": "it is the program of npm run fuzz",
  "process/kit.ts": "tests of processes are plain: it makes a database for them, and takes its lock"
}

it("effects in tests are run by @effect/vitest", () => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.m?ts$/.test(name))
  const found = files.filter((name) =>
    /\b(?:Effect|ManagedRuntime)\.run(?:Promise|Sync|Fork|Callback)/.test(read(`test/${name}`))
  )
  expect(found.toSorted()).toEqual(Object.keys(runners).toSorted())
})

it("no tests of one file run at once: SQLite answers one after the other, and all of them would be waited for", () => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts")
  )
  expect(files.filter((name) => /\b(?:describe|it|test)\.concurrent\b/.test(read(`test/${name}`)))).toEqual([])
})

it("SQLite reads names as URIs in every test", () => {
  expect(process.env["SQLITE_USE_URI"]).toBe("1")
})
