/**
 * For tests of programs that use kata: databases of any content and size, filesystems, databases and terminals that fail on purpose, and
 * the contracts of the ports, case by case; `contracts.ts` makes suites of vitest of them.
 */
export * as Arbitraries from "./arbitraries.ts"
export * as Contents from "./contents.ts"
export { daemonContract } from "./daemonContract.ts"
export * as TestDatabase from "./database.ts"
export * as Faults from "./faults.ts"
export * as DaemonFaults from "./faultyDaemon.ts"
export * as DatabaseFaults from "./faultyDatabase.ts"
export * as StoreFaults from "./faultyStore.ts"
export { fileContract } from "./fileContract.ts"
export * as Generate from "./generate.ts"
export * as TestProcesses from "./processes.ts"
export { processesContract } from "./processesContract.ts"
export * as CapturedStdio from "./stdio.ts"
export { storeContract } from "./storeContract.ts"
export { swapContract } from "./swapContract.ts"
export { viewContract } from "./viewContract.ts"
