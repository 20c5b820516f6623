/** `Database` on SQLite files. */
import * as Layer from "effect/Layer"
import { Database } from "./Database.ts"
import { stage } from "./stage.ts"
import { swap } from "./swap.ts"
import { view } from "./view.ts"

export const layer = Layer.succeed(Database, { view, stage, swap })
