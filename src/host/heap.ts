import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8"

/** Of both halves of the young generation together. What of ours lives past a page lives to the end: more of it makes nothing faster. */
const youngBytes = 4 * 1024 * 1024

const isGrown = () =>
  getHeapSpaceStatistics().some(({ space_name, space_size }) => space_name === "new_space" && space_size >= youngBytes)

/**
 * Keeps the heap of a long command near what it uses: Node 24 would let the young generation grow to 128 MB, and the old one to four times of what
 * is in use. The flags that bound the first are read when a process starts, and a second start costs more than most commands: so what lets it
 * grow is turned off as soon as it is large enough. Returns what ends it. See docs/decisions/0018.
 */
export const boundHeap = (): () => void => {
  const look = setInterval(() => {
    if (!isGrown()) return
    clearInterval(look)
    setFlagsFromString("--semi-space-growth-factor=1")
    setFlagsFromString("--heap-growing-percent=100")
  }, 10)
  look.unref()
  return () => {
    clearInterval(look)
    // V8 knows its flags by a sum that is in each compiled form: the one that the launcher keeps is for those of the start.
    setFlagsFromString("--semi-space-growth-factor=2")
    setFlagsFromString("--heap-growing-percent=0")
  }
}
