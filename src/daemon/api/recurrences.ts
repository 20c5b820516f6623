import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const recurrences = HttpApiGroup.make("recurrences", { topLevel: true })
