import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Layer from "effect/Layer"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"

/** Everything that an export or an import asks for, the real things. */
export const services = Layer.provideMerge(Layer.merge(Sqlite.layer, Processes.layer), NodeContext.layer)
