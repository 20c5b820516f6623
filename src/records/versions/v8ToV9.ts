/** Version 9 brought two more reasons to close an issue; its records have the same fields. */
import { olderFormat, type Step } from "./Step.ts"
import { version9 } from "./v9ToV10.ts"

export const version8 = olderFormat(8, version9, [])

export const v8ToV9: Step = { from: version8, to: 9, rules: {} }
