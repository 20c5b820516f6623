/** Version 4 brought the archive: projects of older files are not in it. */
import * as Struct from "effect/Struct"
import { Project } from "../kinds.ts"
import { olderFormat, olderKind, type Step } from "./Step.ts"
import { version4 } from "./v4ToV5.ts"
import { fields as later } from "./v6ToV7.ts"
import { early } from "./v9ToV10.ts"

/** The fields of the kinds that other versions had otherwise. */
export const fields = { project: Struct.omit(later.project, "deleted_at") }

export const version3 = olderFormat(3, version4, [olderKind(Project, { ...fields.project, ...early }, early)])

export const v3ToV4: Step = { from: version3, to: 4, rules: {} }
