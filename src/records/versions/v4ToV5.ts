/** Version 5 brought the mappings of imports. It was never released alone. */
import { olderFormat, type Step } from "./Step.ts"
import { version5 } from "./v5ToV6.ts"

export const version4 = olderFormat(4, version5, [], ["import_mapping"])

export const v4ToV5: Step = { from: version4, to: 5, rules: {} }
