/** Where our daemon answers something else than the recorded one, step by step, and why. */
import type { Differences } from "./Difference.ts"
import { changes } from "./differences/changes.ts"
import { imports } from "./differences/imports.ts"
import { issues } from "./differences/issues.ts"
import { projects } from "./differences/projects.ts"

export const differences: Differences = { ...projects, ...imports, ...issues, ...changes }
