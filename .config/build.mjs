/**
 * What is installed:
 *
 *   dist/launcher.cjs   what `kata` starts
 *   dist/bundle.cjs     the program in one file; each `import()` in it stays lazy
 *   dist/bundle.cache   V8's compiled form of the bundle, taken after real commands have run
 *   dist/lib/           the library as modules with declarations, for other programs
 *
 * The client of @effect/sql-sqlite-node is a part of both: as a dependency it would bring a better-sqlite3 of its own, which has to be
 * compiled and ends the process on newer versions of Node (docs/decisions/0018).
 */
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const inRoot = (...parts) => join(root, ...parts)
const { version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"))

// Built beside and renamed at the end: a failed build leaves the last good one, and nobody runs half of a new one.
const stage = mkdtempSync(inRoot(".dist-"))
process.on("exit", () => rmSync(stage, { recursive: true, force: true }))

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["src/bin.ts"],
  outfile: join(stage, "bundle.cjs"),
  bundle: true,
  write: false,
  format: "cjs",
  platform: "node",
  target: "node22.14",
  external: ["better-sqlite3"],
  // a script that vm runs has no loader for import(): what is outside the bundle is required
  supported: { "dynamic-import": false },
  // the launcher reads the bundle as Latin-1, which V8 keeps in one byte per character
  charset: "ascii",
  // what is not there need not be read; names stay, for stack traces
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  logLevel: "warning"
})
// What Node makes of a module before it runs it; the launcher does that here.
const bundle = Buffer.concat([
  Buffer.from("(function (exports, require, module, __filename, __dirname) { "),
  outputFiles[0].contents,
  Buffer.from("})\n")
])
const digest = createHash("sha256").update(bundle).digest("hex").slice(0, 16)
writeFileSync(join(stage, "bundle.cjs"), bundle)

const launcher = readFileSync(inRoot("src", "launcher.cjs"), "utf8")
  .replaceAll("__KATA_VERSION__", version)
  .replaceAll("__KATA_BUNDLE__", digest)
writeFileSync(join(stage, "launcher.cjs"), launcher)
chmodSync(join(stage, "launcher.cjs"), 0o755)

execFileSync(process.execPath, [
  inRoot("node_modules", "typescript", "bin", "tsc"),
  "-p",
  inRoot(".config", "tsconfig.build.json"),
  "--outDir",
  join(stage, "lib")
], { stdio: "inherit" })

const client = "@effect/sql-sqlite-node"
for (const name of readdirSync(join(stage, "lib"), { recursive: true })) {
  const file = join(stage, "lib", name)
  if (!file.endsWith(".js") || !readFileSync(file, "utf8").includes(client)) continue
  await build({
    absWorkingDir: root,
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22.14",
    plugins: [{
      name: "only the client",
      setup: ({ onResolve }) =>
        onResolve(
          { filter: /./ },
          ({ kind, path }) => kind === "entry-point" || path.startsWith(client) ? undefined : { path, external: true }
        )
    }],
    logLevel: "warning"
  })
}

// What a command needs of the bundle is compiled when it first runs: here the most used ones run, and what was compiled is kept.
const place = realpathSync(mkdtempSync(join(tmpdir(), "kata-build-")))
const run = (...words) =>
  execFileSync(process.execPath, words, {
    cwd: place,
    env: { PATH: process.env.PATH, HOME: place, KATA_HOME: place, XDG_RUNTIME_DIR: place, TMPDIR: place },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
const kata = (...words) => run(join(stage, "launcher.cjs"), ...words)
const warm = (...commands) => run(inRoot(".config", "warm.cjs"), stage, JSON.stringify(commands))
const help = ["export", "--help"]
try {
  kata("daemon", "start")
  try {
    kata("init", "--project", "warm")
    const issue = kata("create", "An issue", "--quiet").trim()
    warm(help, ["create", "Another one"], ["list"], ["show", issue])
  } finally {
    kata("daemon", "stop")
  }
} catch {
  console.warn("build: no daemon could be started here; commands that ask one will start a little slower")
  warm(help)
} finally {
  rmSync(place, { recursive: true, force: true })
}

chmodSync(stage, 0o755)
const old = mkdtempSync(inRoot(".dist-"))
if (existsSync(inRoot("dist"))) renameSync(inRoot("dist"), join(old, "dist"))
renameSync(stage, inRoot("dist"))
rmSync(old, { recursive: true, force: true })
