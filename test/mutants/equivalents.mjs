/**
 * Mutants that no test can tell from what stands there, each with the reason why no behaviour differs: by file and by the lines before and
 * after, white space folded.
 */
export const equivalents = [
  {
    file: "src/import/proof.ts",
    before: "yield* Effect.sleep(0)",
    after: "yield* Effect.sleep(1)",
    reason: "it only lets a signal be heard between two tables"
  }
]
