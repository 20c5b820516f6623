import * as Layer from "effect/Layer"
import * as Processes from "../../src/host/Processes.ts"
import { describeProcesses } from "../../src/testing/contracts.ts"
import { layerChildren, layerRecorded } from "../../src/testing/processes.ts"

describeProcesses("Processes.layer", Layer.merge(Processes.layer, layerChildren))
describeProcesses("layerRecorded", layerRecorded({ 70: "go" }))
