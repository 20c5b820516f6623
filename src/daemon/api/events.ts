import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const events = HttpApiGroup.make("events", { topLevel: true })
