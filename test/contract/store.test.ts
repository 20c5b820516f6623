import * as Layer from "effect/Layer"
import { describeStore } from "../../src/testing/contracts.ts"
import { layerFaultyStore } from "../../src/testing/faultyStore.ts"
import { newStore } from "../store/kit.ts"

describeStore("SqliteStore.layer", newStore)
describeStore("layerFaultyStore without faults", Layer.provide(layerFaultyStore([]), newStore))
