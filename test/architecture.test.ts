/** The architecture of `docs/architecture.md`, held by reading the sources. What oxlint can say is in `.oxlintrc.json`. */
import { readdirSync, readFileSync } from "node:fs"
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
  "database",
  "snapshot",
  "export",
  "import",
  "ledger",
  "beads",
  "daemon",
  "doctor.ts",
  "cli",
  "index.ts",
  "bin.ts",
  "testing"
]

/** Nothing imports these. */
const leaves = ["bin.ts", "testing"]

/** Where a package may be imported, by the first part of the path or by the whole of it. */
const packages: ReadonlyArray<{ readonly package: RegExp; readonly only?: RegExp; readonly never?: RegExp }> = [
  { package: /^better-sqlite3$/, only: /^database\/engine\.ts$/ },
  { package: /^(node:)?fs(\/promises)?$/, only: /^files\// },
  { package: /^@effect\/platform-node/, never: /^(records|snapshot)\/|^beads\/(?!process)/i },
  { package: /^(effect|@effect\/[\w-]+)$/, never: /./ }
]

/** `bin.ts` touches `process`; who else does, and why. */
const process_: Readonly<Record<string, string>> = {
  "database/Processes.ts": "whether a process lives is asked with a signal",
  "database/engine.ts": "SQLite reads SQLITE_USE_URI when the first database is opened; whether this Node can load it",
  "files/direct.ts": "a descriptor in /proc is ours, or somebody else's",
  "files/leftovers.ts": "a leftover carries a pid: is that process alive, and is it us"
}

/** Files of more than 300 lines, and why they are not two. */
const long: Readonly<Record<string, string>> = {
  "database/schema.ts": "one schema, read from top to bottom",
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
