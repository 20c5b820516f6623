import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The process tests run `dist/`: a missing or an older one would test something else than the sources. */
export default (): void => {
  const root = fileURLToPath(new URL("..", import.meta.url))
  const built = statSync(join(root, "dist", "launcher.cjs"), { throwIfNoEntry: false })
  if (built === undefined) throw new Error("dist/ is missing: npm run build")
  for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && statSync(file).mtimeMs > built.mtimeMs) {
      throw new Error(`dist/ is older than ${file}: npm run build`)
    }
  }
}
