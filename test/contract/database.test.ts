import * as Layer from "effect/Layer"
import * as Sqlite from "../../src/database/sqlite.ts"
import { describeDatabase } from "../../src/testing/contracts.ts"
import { layerFaultyDatabase } from "../../src/testing/faultyDatabase.ts"

describeDatabase("Sqlite.layer", Sqlite.layer)
describeDatabase("layerFaultyDatabase without faults", Layer.provide(layerFaultyDatabase([]), Sqlite.layer))
