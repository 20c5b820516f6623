import * as Context from "effect/Context"

/** The version of this kata; a test holds it equal to package.json. */
export const version = "0.1.0"

/** The version of the program that runs, as locks tell it; empty where it is not provided. */
export class ProgramVersion extends Context.Reference<ProgramVersion>()("kata/ProgramVersion", {
  defaultValue: (): string => ""
}) {}
