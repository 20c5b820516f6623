/** For tests of programs that use kata: filesystems and terminals that fail on purpose. */
export * as Faults from "./faults.ts"
export * as CapturedStdio from "./stdio.ts"
