/** For tests of programs that use kata: databases of any content and size, filesystems and terminals that fail on purpose. */
export * as Arbitraries from "./arbitraries.ts"
export * as Contents from "./contents.ts"
export * as TestDatabase from "./database.ts"
export * as Faults from "./faults.ts"
export * as DatabaseFaults from "./faultyDatabase.ts"
export * as Generate from "./generate.ts"
export * as CapturedStdio from "./stdio.ts"
