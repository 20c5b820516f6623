/** The types that a generator makes of the document; `test/api/generated.d.ts` keeps them, so that what is written with them is checked. */
import { fileURLToPath } from "node:url"
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript"

/** Where they are kept. After a change of the API they are written anew: `UPDATE_GENERATED=1 npx vitest run … test/api`. */
export const kept = fileURLToPath(new URL("generated.d.ts", import.meta.url))

/** The types for a document. */
export const generate = async (document: string): Promise<string> =>
  `${COMMENT_HEADER}${astToString(await openapiTS(document))}`
