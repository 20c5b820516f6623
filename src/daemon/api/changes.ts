import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const changes = HttpApiGroup.make("changes", { topLevel: true })
