/** What makes two requests the same one. */
import { describe, expect, it } from "vitest"
import { fingerprint, type Said } from "../../../src/ledger/issues/idempotency.ts"

const said: Said = {
  title: "Keyed creation",
  body: "with a body",
  owner: "bob",
  priority: 2n,
  labels: ["k1", "k2"],
  links: []
}
const edge = { type: "blocks", target: "01ARZ3NDEKTSV4RRFFQ69G5FAV", incoming: false }

describe("fingerprint", () => {
  it("is the one that Go kata has stored for the same request", () => {
    // of the recording 04-issue-create
    expect(fingerprint(said)).toBe("92002bed1cb014c8d89050fa903c93a46a6590beaeebd66d7fac2410066bfe0b")
  })

  it.each<[string, Partial<Said>]>([
    ["spacing", { title: "  Keyed\t creation\n", body: "with\u00a0a  body" }],
    ["the order of labels", { labels: ["k2", "k1"] }]
  ])("does not see %s", (_, change) => {
    expect(fingerprint({ ...said, ...change })).toBe(fingerprint(said))
  })

  it("does not see in which order links are given, or how often", () => {
    const other = { ...edge, incoming: true }
    expect(fingerprint({ ...said, links: [other, edge, other] })).toBe(fingerprint({ ...said, links: [edge, other] }))
  })

  it("does not see how a letter is composed", () => {
    expect(fingerprint({ ...said, title: "e\u0301t\u00e9" })).toBe(fingerprint({ ...said, title: "\u00e9te\u0301" }))
  })

  it.each<[string, Partial<Said>]>([
    ["letter case", { title: "keyed creation" }],
    ["a label twice", { labels: ["k1", "k2", "k2"] }],
    ["no priority", { priority: undefined }],
    ["priority 0", { priority: 0n }],
    ["an owner", { owner: "" }],
    ["a link", { links: [edge] }],
    ["where a link begins", { links: [{ ...edge, incoming: true }] }]
  ])("sees %s", (_, change) => {
    expect(fingerprint({ ...said, ...change })).not.toBe(fingerprint(said))
  })
})
