/** Descriptors that the process which started this one had open. */
import * as NodeFs from "node:fs"

/** In the flags that /proc shows of a descriptor: it is not handed on. What Node and SQLite open has it. */
const closeOnExec = 0o2000000

/**
 * Closes what was inherited besides stdin, stdout and stderr: the end of a pipe or a locked file would stay open for as long as this process
 * lives. Node marks what it finds open at its start only up to the first gap after 15. Linux hands the others on, and shows which these are.
 */
export const closeInherited = (): void => {
  for (const name of namesOf("/proc/self/fd")) {
    const flags = /^flags:\t([0-7]+)$/m.exec(textOf(`/proc/self/fdinfo/${name}`))?.[1]
    if (Number(name) <= 2 || flags === undefined || (parseInt(flags, 8) & closeOnExec) !== 0) continue
    try {
      NodeFs.closeSync(Number(name))
    } catch {
      // it is gone
    }
  }
}

const namesOf = (directory: string): ReadonlyArray<string> => {
  try {
    return NodeFs.readdirSync(directory)
  } catch {
    return []
  }
}

const textOf = (path: string): string => {
  try {
    return NodeFs.readFileSync(path, "latin1")
  } catch {
    return ""
  }
}
