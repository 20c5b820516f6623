import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { choose, namespaceOf } from "../../src/presence/databasePath.ts"

const where = { home: "/home/ana", cwd: "/work/here" }
const chosen = (env: { readonly [name: string]: string | undefined }, flag?: string) =>
  Either.getOrThrow(choose({ ...where, env, flag }))

describe("the database of a command", () => {
  it("is named by the flag, KATA_DB, KATA_HOME, the user's home, in this order", () => {
    const env = { KATA_DB: "/db/x.db", KATA_HOME: "/state" }
    assert.deepStrictEqual(chosen(env, "/flag.db"), { path: "/flag.db", by: "flag", home: "/state" })
    assert.deepStrictEqual(chosen(env), { path: "/db/x.db", by: "KATA_DB", home: "/state" })
    assert.deepStrictEqual(chosen({ KATA_HOME: "/state" }), { path: "/state/kata.db", by: "KATA_HOME", home: "/state" })
    assert.deepStrictEqual(chosen({}), {
      path: "/home/ana/.kata/kata.db",
      by: "default",
      home: "/home/ana/.kata"
    })
  })

  it("takes an empty variable as unset", () => {
    assert.deepStrictEqual(chosen({ KATA_DB: "", KATA_HOME: "" }), chosen({}))
    assert.deepStrictEqual(chosen({ KATA_DB: undefined }), chosen({}))
  })

  it("is absolute and clean, but otherwise literal", () => {
    assert.strictEqual(chosen({}, "x.db").path, "/work/here/x.db")
    assert.strictEqual(chosen({ KATA_HOME: "../state/" }).path, "/work/state/kata.db")
    assert.strictEqual(chosen({ KATA_HOME: "../state/" }).home, "/work/state")
    assert.strictEqual(chosen({ KATA_DB: "//a/./b//../c.db" }).path, "/a/c.db")
    assert.strictEqual(chosen({ KATA_DB: "~/x.db" }).path, "/work/here/~/x.db")
    assert.strictEqual(chosen({ KATA_DB: " " }).path, "/work/here/ ")
    assert.strictEqual(chosen({ KATA_DB: " x.db \n" }).path, "/work/here/ x.db \n")
    assert.strictEqual(chosen({ KATA_DB: "a%20b?mode=ro#c" }).path, "/work/here/a%20b?mode=ro#c")
  })

  it("is not named by an empty flag or by NUL", () => {
    const refused = (env: { readonly [name: string]: string }, flag?: string) =>
      Either.match(choose({ ...where, env, flag }), {
        onLeft: ({ by, kind, message, reason }) => ({ by, reason, kind, message }),
        onRight: ({ path }) => path
      })
    assert.deepStrictEqual(refused({ KATA_DB: "/x.db" }, ""), {
      by: "flag",
      reason: "empty",
      kind: "usage",
      message: "the path of the database is empty"
    })
    assert.deepInclude(refused({}, "a\0b"), { by: "flag", reason: "NUL", kind: "usage" })
    assert.deepInclude(refused({ KATA_DB: "a\0b" }), { by: "KATA_DB", message: "KATA_DB contains a NUL byte" })
    assert.deepInclude(refused({ KATA_HOME: "\0" }, "/x.db"), { by: "KATA_HOME", reason: "NUL" })
  })
})

describe("the namespace of a database", () => {
  it("is Go kata's", () => {
    assert.strictEqual(namespaceOf("/tmp/kata.db"), "c9d4a7460161")
    assert.strictEqual(namespaceOf("/tmp/./x/..//kata.db"), "c9d4a7460161")
  })
  it.prop("is of the spelling", [FastCheck.fullUnicodeString({ minLength: 1 })], ([name]) => {
    assert.match(namespaceOf(`/${name}`), /^[0-9a-f]{12}$/)
    assert.strictEqual(namespaceOf(`/a/../${name}`), namespaceOf(`/${name}`))
  })
})
