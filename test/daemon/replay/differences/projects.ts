import type { Differences } from "../Difference.ts"

export const projects: Differences = {
  "01-process": {
    steps: {
      docs: { why: "a page of the Go web framework, no part of the contract", skip: true },
      schemas: { why: "a schema of the Go web framework, no part of the contract", skip: true },
      "openapi.json": { why: "ours describes itself there", skip: true }
    }
  }
}
