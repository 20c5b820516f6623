import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const imports = HttpApiGroup.make("imports", { topLevel: true })
