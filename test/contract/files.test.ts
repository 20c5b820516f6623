import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Layer from "effect/Layer"
import { describeFileSystem } from "../../src/testing/contracts.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"

describeFileSystem("NodeFileSystem.layer", NodeFileSystem.layer)
describeFileSystem(
  "layerFaultyFileSystem without faults",
  Layer.provide(layerFaultyFileSystem([]), NodeFileSystem.layer)
)
