import type { Differences } from "../Difference.ts"

export const changes: Differences = {}
