/** The architecture of `docs/architecture.md`, held by reading the sources. What oxlint can say is in `.oxlintrc.json`. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { expect, it } from "vitest"

/** A file imports its own folder and what stands above it. */
const order = [
  "version.ts",
  "Failure.ts",
  "Progress.ts",
  "records",
  "files",
  "host",
  "database",
  "changes",
  "history",
  "presence",
  "snapshot",
  "store",
  "export",
  "import",
  "ledger",
  "merge",
  "undo",
  "backup",
  "api",
  "workspace",
  "server",
  "client",
  "beads",
  "doctor.ts",
  "cli",
  "index.ts",
  "bin.ts",
  "testing"
]

/** Within the ledger: what all subjects share, and the subjects, each above those that use it. */
const subjects = [
  "",
  "events",
  "metadata",
  "links",
  "recurrences",
  "issues",
  "projects",
  "imports",
  "reports"
]

/** Nothing imports these. */
const leaves = ["bin.ts", "testing"]

/** Where a package may be imported, by the first part of the path or by the whole of it. */
const packages: ReadonlyArray<{ readonly package: RegExp; readonly only?: RegExp; readonly never?: RegExp }> = [
  { package: /^better-sqlite3$/, only: /^database\/engine\.ts$/ },
  { package: /^(node:)?fs(\/promises)?$/, only: /^files\// },
  { package: /^@effect\/platform-node/, never: /^(records|snapshot)\/|^beads\/(?!process)/i },
  // @effect/vitest has no modules
  { package: /^(effect|@effect\/(?!vitest$)[\w-]+)$/, never: /./ }
]

/** `bin.ts` touches `process`; who else does, and why. */
const process_: Readonly<Record<string, string>> = {
  "beads/process.ts": "the group of a bd that hangs is ended with a signal",
  "database/engine.ts": "SQLite reads SQLITE_USE_URI when the first database is opened; whether this Node can load it",
  "files/specialFiles.ts": "a descriptor in /proc is ours, or somebody else's",
  "files/staleFiles.ts": "a leftover carries a pid: is that process alive, and is it us",
  "host/Processes.ts": "whether a process lives is asked with a signal"
}

/** Files of more than 300 lines, and why they are not two. */
const long: Readonly<Record<string, string>> = {
  "cli/registry.ts": "the list of commands",
  "ledger/model.ts": "what goes over the wire, read as its documentation",
  "records/kinds.ts": "the twelve kinds, read as the documentation of the format"
}

const src = fileURLToPath(new URL("../src", import.meta.url))
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)))
  .toSorted()
const text = (file: string): string => readFileSync(join(src, file), "utf8")
const place = (file: string): number => order.indexOf(file.split("/")[0] ?? "")

interface Facts {
  readonly imports: ReadonlyArray<string>
  readonly properties: ReadonlySet<string>
}

const factsOf = (file: string): Facts => {
  const imports: Array<string> = []
  const properties = new Set<string>()
  const visit = (node: ts.Node): void => {
    const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
      ? node.arguments[0]
      : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
      ? node.argument.literal
      : undefined
    if (specifier !== undefined && ts.isStringLiteral(specifier)) imports.push(specifier.text)
    if (ts.isPropertyAccessExpression(node)) {
      properties.add(node.name.text)
      if (ts.isIdentifier(node.expression)) properties.add(`${node.expression.text}.`)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text(file), ts.ScriptTarget.Latest))
  return { imports, properties }
}

const facts = new Map(files.map((file) => [file, factsOf(file)]))
const where = (test: (file: string, facts: Facts) => ReadonlyArray<string> | boolean): ReadonlyArray<string> =>
  [...facts].flatMap(([file, facts]) => {
    const found = test(file, facts)
    return found === true ? [file] : found === false ? [] : found.map((what) => `${file}: ${what}`)
  })

it("every file has its place in the order", () => {
  expect(where((file) => place(file) < 0)).toEqual([])
})

it("a relative import goes to the same folder or to one above", () => {
  expect(where((file, { imports }) =>
    imports.filter((target) => {
      if (!target.startsWith(".")) return false
      const to = join(dirname(file), target)
      const same = place(to) === place(file)
      return !to.endsWith(".ts") || place(to) < 0 || place(to) > place(file) ||
        (!same && leaves.includes(to.split("/")[0] ?? ""))
    })
  )).toEqual([])
})

it("a subject of the ledger imports what all share, and subjects above it", () => {
  const subject = (file: string): number => subjects.indexOf(/^ledger\/(?:(.*)\/)?[^/]*$/.exec(file)?.[1] ?? "")
  expect(where((file, { imports }) =>
    file.startsWith("ledger/") && (
      subject(file) < 0 ? true : imports.filter((target) => {
        const to = join(dirname(file), target)
        return target.startsWith(".") && to.startsWith("ledger/") && subject(to) > subject(file)
      })
    )
  )).toEqual([])
})

/** The steps from older versions: each knows what comes after it, and only the reader of files knows all of them. */
it("a step imports steps of later versions, and the rest of records none", () => {
  const step = (file: string): number => Number(/^records\/versions\/v(\d+)ToV\d+\.ts$/.exec(file)?.[1] ?? 0)
  expect(where((file, { imports }) => {
    const targets = imports.filter((target) => target.startsWith(".")).map((target) => join(dirname(file), target))
    if (step(file) > 0) return targets.filter((to) => step(to) > 0 && step(to) <= step(file))
    if (/^(records\/versions|snapshot)\//.test(file)) return false
    return targets.filter((to) => to.startsWith("records/versions/"))
  })).toEqual([])
  expect(files.filter((file) => step(file) > 0).length).toBeGreaterThan(8)
})

/** The shortest way from each file that is in a circle back to itself; a circle begins at the first of its names. */
const circlesOf = (graph: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> => {
  const circles = new Set<string>()
  for (const start of graph.keys()) {
    const ways = [[start]]
    const seen = new Set<string>()
    for (const way of ways) {
      const next = graph.get(way.at(-1) ?? "") ?? []
      if (next.includes(start)) {
        const first = way.indexOf(way.toSorted()[0] ?? start)
        const circle = [...way.slice(first), ...way.slice(0, first)]
        circles.add([...circle, circle[0]].join(" -> "))
        break
      }
      for (const file of next) {
        if (seen.has(file)) continue
        seen.add(file)
        ways.push([...way, file])
      }
    }
  }
  return [...circles].toSorted()
}

it("no file is in a circle, imports of types and import() included", () => {
  expect(circlesOf(new Map([["a", ["b", "a"]], ["b", ["d"]], ["c", ["b"]], ["d", ["c"]], ["e", ["d"]]]))).toEqual([
    "a -> a",
    "b -> d -> c -> b"
  ])
  const graph = new Map([...facts].map(([file, { imports }]) => [
    file,
    imports.filter((target) => target.startsWith(".")).map((target) => join(dirname(file), target))
  ]))
  expect([...graph.values()].flat().filter((file) => !graph.has(file))).toEqual([])
  expect(circlesOf(graph)).toEqual([])
})

it("every path that docs/architecture.md names exists", () => {
  const page = readFileSync(join(src, "../docs/architecture.md"), "utf8").split("```")
  const inText = page.filter((_, i) => i % 2 === 0).flatMap((part) =>
    [...part.matchAll(/`((?:src|test|docs)\/[\w./-]*)`/g)].map(([, path = ""]) => path)
  )
  // what is drawn is in src
  const drawn = page.filter((_, i) => i % 2 === 1).flatMap((part) =>
    [...part.matchAll(/(?<![\w.])[\w/-]+(?:\.(?:ts|cjs)\b|\/(?= ))/g)].map(([path]) => `src/${path}`)
  )
  expect(inText.length).toBeGreaterThan(100)
  expect(drawn.length).toBeGreaterThan(60)
  expect([...inText, ...drawn].filter((path) => !existsSync(join(src, "..", path)))).toEqual([])
})

it("packages are imported where they belong, by module", () => {
  expect(
    where((file, { imports }) =>
      imports.filter((target) =>
        packages.some((rule) =>
          rule.package.test(target) && (rule.never?.test(file) === true || rule.only?.test(file) === false)
        )
      )
    )
  ).toEqual([])
})

/** Which files may import some others. */
const reserved: ReadonlyArray<{ readonly what: RegExp; readonly only?: RegExp; readonly never?: RegExp }> = [
  // what throws is given to nobody else: a view and a stage hand out a session
  { what: /^database\/Handle\.ts$/, only: /^(database|store|testing)\// },
  // the ledger knows a store, whatever engine that is
  { what: /^database\//, never: /^ledger\// },
  { what: /^store\/(?!Store\.ts|StorageFailure\.ts)/, never: /^ledger\// }
]

it("a handle stays with the database, and the ledger knows no engine", () => {
  expect(
    where((file, { imports }) =>
      imports.filter((target) =>
        target.startsWith(".") && reserved.some((rule) =>
          rule.what.test(join(dirname(file), target)) &&
          (rule.never?.test(file) === true || rule.only?.test(file) === false)
        )
      )
    )
  ).toEqual([])
})

it("a stream is never collected", () => {
  expect(where((_, { properties }) => properties.has("runCollect"))).toEqual([])
})

it("only bin.ts touches process", () => {
  const users = where((file, { imports, properties }) =>
    file !== "bin.ts" && (properties.has("process.") || imports.some((target) => /^(node:)?process$/.test(target)))
  )
  expect(users).toEqual(Object.keys(process_))
})

it("a file has at most 300 lines, or a reason", () => {
  expect(where((file) => text(file).split("\n").length > 301)).toEqual(Object.keys(long))
})
