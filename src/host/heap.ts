import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8"

const MB = 1024 * 1024
/** Of both halves of the young generation together. What of ours lives past a page lives to the end: more of it makes nothing faster. */
const youngBytes = 4 * MB
/** Below this the old generation may grow as it likes: bound before, a heap of 16 MB is collected all the time. */
const oldBytes = 32 * MB

const bounds: ReadonlyArray<readonly [space: string, bytes: number, flag: string]> = [
  ["new_space", youngBytes, "--semi-space-growth-factor=1"],
  ["old_space", oldBytes, "--heap-growing-percent=100"]
]

/**
 * Keeps the heap of a long command near what it uses: Node 24 would let the young generation grow to 128 MB, and the old one to four times of what
 * is in use. The flags that bound the first are read when a process starts, and a second start costs more than most commands: so what lets it
 * grow is turned off as soon as it is large enough. Returns what ends it. See docs/decisions/0018.
 */
export const boundHeap = (): () => void => {
  let due = bounds
  const look = setInterval(() => {
    const spaces = getHeapSpaceStatistics()
    due = due.filter(([space, bytes, flag]) => {
      if (!spaces.some(({ space_name, space_size }) => space_name === space && space_size >= bytes)) return true
      setFlagsFromString(flag)
      return false
    })
    if (due.length === 0) clearInterval(look)
  }, 10)
  look.unref()
  return () => {
    clearInterval(look)
    // V8 knows its flags by a sum that is in each compiled form: the one that the launcher keeps is for those of the start.
    setFlagsFromString("--semi-space-growth-factor=2")
    setFlagsFromString("--heap-growing-percent=0")
  }
}
