import { assert, it } from "@effect/vitest"
import { Uids } from "../../src/records/compactSets.ts"

const uid = "01KDVDNA00AAAAAAAAAAAAA001"

it("a uid that is remembered is equal to nothing but itself", () => {
  const uids = new Uids()
  uids.set(0, uid)
  assert.isTrue(uids.is(0, uid))
  const others = [
    uid.replace(/0/g, "O"),
    uid.replace(/0/g, "o"),
    uid.replace("0", "!"),
    uid.replace(/1$/, "\xff"),
    uid.toLowerCase(),
    uid.slice(1),
    `${uid}0`
  ]
  for (const other of others) assert.isFalse(uids.is(0, other), other)
  assert.isFalse(uids.is(1, uid))
})
