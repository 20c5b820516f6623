/** Whether a mutant compiles, asked of TypeScript's language service, which knows the rest of the program already. */
import { dirname, join } from "node:path"
import ts from "typescript"

/** What is left over when something was left out is no reason: that it is not used anywhere else. */
const unused = new Set([6133, 6192, 6196, 6198])

export const compiler = (root) => {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.json"), { noUnusedLocals: false }, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"))
    }
  })
  const files = config.fileNames.filter((file) => file.startsWith(`${join(root, "src")}/`))
  const changes = new Map()
  let version = 0
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({ ...config.options, plugins: [] }),
    getScriptFileNames: () => files,
    getScriptVersion: (file) => changes.get(file)?.version ?? "0",
    getScriptSnapshot: (file) => {
      const text = changes.get(file)?.text ?? ts.sys.readFile(file)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories
  })
  const errors = (file) =>
    [...service.getSyntacticDiagnostics(file), ...service.getSemanticDiagnostics(file)]
      .filter(({ category, code }) => category === ts.DiagnosticCategory.Error && !unused.has(code))

  /** The files of `src/` that import one of these, directly or not, and these. */
  const dependents = (of) => {
    const program = service.getProgram()
    const found = new Set([of])
    for (let before = 0; before < found.size;) {
      before = found.size
      for (const file of files) {
        const { imports = [] } = program.getSourceFile(file)
        if (imports.some(({ text }) => found.has(join(dirname(file), text)))) found.add(file)
      }
    }
    return [...found]
  }

  /** What others see of a file: while it is the same, they compile as before. */
  const declarationOf = (file) => service.getEmitOutput(file, true, true).outputFiles[0]?.text

  return {
    /** With `text` in the place of the file; `everywhere`: the files that import it, too. */
    compiles: (file, text, everywhere = false) => {
      const path = join(root, file)
      const before = everywhere ? declarationOf(path) : undefined
      changes.set(path, { text, version: String(++version) })
      const isSeen = everywhere && (before === undefined || declarationOf(path) !== before)
      const wrong = (isSeen ? dependents(path) : [path]).some((one) => errors(one).length > 0)
      changes.set(path, { text: undefined, version: String(++version) })
      return !wrong
    }
  }
}
