/** What must be on disk before something else happens, read from the trace of a run. */
import { dirname } from "node:path"
import type { Call } from "./shim.ts"

/**
 * A file is synced after its last write when it gets another name; the directory is synced after names in it have changed (backups, side
 * files that went), before the new file has the name of the target, and after that. `inPlace`: SQLite writes the target itself, and a
 * -wal that comes back says what is in it already.
 */
export const disorder = (
  trace: ReadonlyArray<Call>,
  work: string,
  target: string,
  inPlace = false
): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const dirty = new Set<string>()
  let names: Array<string> = []
  for (const { inode, kind, name, other, path, result } of trace) {
    if (!(Number(result) >= 0)) continue
    if (kind === "write" || kind === "truncate") dirty.add(inode)
    if (kind === "sync") {
      dirty.delete(inode)
      if (path === work) names = []
    }
    if (kind === "rename" || kind === "link") {
      if (dirty.has(inode)) problems.push(`${kind} ${name}: the file is not synced`)
      if (other === target && names.length > 0) {
        problems.push(`${kind} ${name}: the directory is not synced after ${names.join()}`)
      }
    }
    const isSide = kind === "unlink" && path.startsWith(`${target}-`) && !path.endsWith("-shm") &&
      !(inPlace && path.endsWith("-wal"))
    if (dirname(path) === work && (kind === "rename" || kind === "link" || isSide)) names.push(`${kind} ${name}`)
  }
  return [...problems, ...names.map((name) => `${name}: the directory is not synced after it`)]
}
