/** Whether a name can only have been made by this user or by root: who may write a directory may put anything under each name in it. */
import * as NodeFs from "node:fs"
import { userInfo } from "node:os"
import { codeOf } from "./FileError.ts"

/** As many as Linux follows. */
const maxLinks = 40

/** Others may put something there, and no sticky bit keeps them from taking away what is ours. */
const isShared = (mode: number) => (mode & 0o022) !== 0 && (mode & 0o1000) === 0

/**
 * What another user could have done to what is at an absolute path, as in `/tmp/x is another user's (1001)`; undefined where it is this
 * user's, and everything on the way to it this user's or root's: directories that no one else may change, and links that lead through
 * such ones. In a user namespace root has another number, which is that of `/`.
 *
 * This is `node:fs` because the platform's filesystem does not show whose a link is. The launcher has the same rule for itself: `isOurs`.
 */
export const notOnlyOurs = (path: string): string | undefined => {
  try {
    const { uid } = userInfo()
    const trusted = new Set([uid, 0, NodeFs.lstatSync("/").uid])
    const rest = path.split("/").reverse()
    let [real, links] = ["", 0]
    while (rest.length > 0) {
      const name = rest.pop() ?? ""
      if (name === "" || name === ".") continue
      if (name === "..") {
        real = real.slice(0, Math.max(0, real.lastIndexOf("/")))
        continue
      }
      const next = `${real}/${name}`
      const info = NodeFs.lstatSync(next)
      if (!trusted.has(info.uid)) return `${next} is another user's (${info.uid})`
      if (info.isSymbolicLink()) {
        if (++links > maxLinks) return `${path} has too many links`
        const text = NodeFs.readlinkSync(next)
        if (text.startsWith("/")) real = ""
        rest.push(...text.split("/").reverse())
        continue
      }
      if (info.isDirectory() && isShared(info.mode)) return `${next} may be changed by others`
      if (rest.length === 0 && info.uid !== uid) return `${next} is another user's (${info.uid})`
      real = next
    }
    return undefined
  } catch (error) {
    return `${path} cannot be looked at (${codeOf(error)})`
  }
}
