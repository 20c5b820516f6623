import type { Differences } from "../Difference.ts"

export const issues: Differences = {}
