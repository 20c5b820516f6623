import * as HttpApiGroup from "@effect/platform/HttpApiGroup"

export const reports = HttpApiGroup.make("reports", { topLevel: true })
