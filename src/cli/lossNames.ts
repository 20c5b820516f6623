/** Names of losses as they are given to `--accept-loss`: by commas, or one flag each. */
export const lossNamesIn = (given: ReadonlyArray<string>): ReadonlyArray<string> =>
  given.flatMap((names) => names.split(",").map((name) => name.trim()).filter((name) => name !== ""))
