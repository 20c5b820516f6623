/**
 * Runs test files of the copy that it is started in, again and again, without loading everything anew: `{ changed, tests }` comes in by a
 * message, the first test that failed goes out, or nothing. A process of its own, since a mutant may never come to an end.
 */
import { createVitest } from "vitest/node"

const quiet = { onInit: () => {} }
const vitest = await createVitest("test", {
  config: ".config/vitest.config.ts",
  project: ["unit"],
  watch: false,
  bail: 1,
  testTimeout: Number(process.env["KATA_MUTANT_TIMEOUT"] ?? 60_000),
  reporters: [quiet]
})
const [project] = vitest.projects

const failureIn = (module) => {
  for (const test of module.children.allTests("failed")) {
    return `${test.fullName}: ${test.result().errors?.[0]?.message.split("\n")[0] ?? "failed"}`
  }
  return module.state() === "failed" ? "the file itself" : undefined
}

/** Name of the first test that fails, the files one after the other; undefined when all pass. */
const failing = async (tests) => {
  for (const file of tests) {
    // What failed before is no reason to stop now.
    vitest.state.idMap.clear()
    vitest.state.filesMap.clear()
    const path = `${process.cwd()}/${file}`
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([project.createSpecification(path)])
    const module = testModules.find(({ moduleId }) => moduleId === path)
    if (module === undefined) throw new Error(`${file} did not run`)
    const failed = failureIn(module) ?? (unhandledErrors.length > 0 ? "an error outside of a test" : undefined)
    if (failed !== undefined) return `${file}: ${failed}`
    if ([...module.children.allTests("passed")].length === 0) throw new Error(`${file} has no test that passed`)
  }
  return undefined
}

process.on("message", ({ changed, tests }) => {
  if (changed !== undefined) vitest.invalidateFile(changed)
  failing(tests).then(
    (failed) => process.send({ failed: failed ?? null }),
    (error) => process.send({ error: String(error?.stack ?? error) })
  )
})
process.on("disconnect", () => process.exit())
process.send({ ready: true })
