/** What the tests of work beside a daemon look at and wait for. */
import { readdirSync } from "node:fs"

/** What is beside the database of a test and is no part of it. */
export const leftovers = (directory: string) => readdirSync(directory).filter((name) => name.includes(".kata-"))

/** Waits as long as it takes: the time limit of the test ends what never comes. */
export const eventually = async (so: () => boolean) => {
  while (!so()) await new Promise((resolve) => setTimeout(resolve, 5))
}
