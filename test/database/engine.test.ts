import { expect, it } from "vitest"
import { EngineUnusable, refusalOf, unusableBy } from "../../src/database/engine.ts"

it("an older Node is refused in one sentence with the way out, exit 11", () => {
  for (const version of ["18.20.8", "20.20.2", "21.7.3", "22.13.1"]) {
    const refusal = refusalOf(version)
    expect(refusal).toMatchObject({
      kind: "io",
      reason: "node",
      hint: "install Node 24, and run the command again with it"
    })
    expect(refusal?.message).toMatch(/^kata needs Node 22\.14 or later, this is v\d+/)
  }
  for (const version of ["22.14.0", "22.23.5", "24.0.0", "26.12.1"]) expect(refusalOf(version)).toBeUndefined()
})

it("found W29: an addon that does not load is told apart from what SQLite says", () => {
  const thrown = (code: string, message: string) => Object.assign(new Error(message), { code })
  for (const code of ["ERR_DLOPEN_FAILED", "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"]) {
    const error = unusableBy(thrown(code, "the addon: invalid ELF header\nRequire stack:\n- here"))
    expect(error).toBeInstanceOf(EngineUnusable)
    expect(error?.message).toMatch(/cannot be loaded by Node v\S+ on \S+: the addon: invalid ELF header$/)
  }
  expect(unusableBy(thrown("SQLITE_CANTOPEN", "unable to open database file"))).toBeUndefined()
  expect(unusableBy(new TypeError("x"))).toBeUndefined()
})
