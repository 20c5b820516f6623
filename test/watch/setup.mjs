/** Of every file of tests: none of the processes that it started has crashed. */
import { afterAll, expect } from "vitest"
import { taken, watchChildren } from "./children.mjs"

watchChildren()
afterAll(() => expect(taken(), "processes that ended by a signal that nobody sent").toEqual([]))
