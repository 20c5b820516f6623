import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const issues = HttpApiGroup.make("issues", { topLevel: true })
