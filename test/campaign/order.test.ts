/** The check of the order of syncs finds what it is for. */
import { expect, it } from "vitest"
import { disorder } from "./order.ts"
import type { Call } from "./shim.ts"

const call = (kind: string, inode: string, name: string, other = ""): Call => ({
  number: 0,
  kind,
  name: other === "" ? name : `${name} ${other}`,
  index: 1,
  inode,
  path: `/work${name}`,
  other: other === "" ? "" : `/work${other}`,
  result: "0"
})

const write = call("write", "1", "/new")
const sync = call("sync", "1", "/new")
const rename = call("rename", "1", "/new", "/t.db")
const directory = call("sync", "9", "")
const unlink = call("unlink", "3", "/t.db-wal")
const of = (...trace: ReadonlyArray<Call>) => disorder(trace, "/work", "/work/t.db")

it("a file is synced before it is renamed, the directory after it", () => {
  expect(of(write, sync, rename, directory)).toEqual([])
  expect(of(write, rename, directory)).toEqual(["rename /new /t.db: the file is not synced"])
  expect(of(write, sync, write, rename, directory)).toEqual(["rename /new /t.db: the file is not synced"])
  expect(of(write, { ...sync, result: "-5" }, rename, directory)).toEqual(["rename /new /t.db: the file is not synced"])
  expect(of(write, sync, rename)).toEqual(["rename /new /t.db: the directory is not synced after it"])
})

it("side files of the old database and the backup are settled before the new one comes", () => {
  const link = call("link", "2", "/t.db", "/t.db.bak.*")
  expect(of(write, sync, unlink, link, directory, rename, directory)).toEqual([])
  expect(of(write, sync, directory, unlink, link, rename, directory)).toEqual([
    "rename /new /t.db: the directory is not synced after unlink /t.db-wal,link /t.db /t.db.bak.*"
  ])
})
