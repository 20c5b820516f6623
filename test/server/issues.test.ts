/** What the recordings do not show of issues: at once, at the limits, and what an older kata may have stored. */
import { describe, expect, it } from "@effect/vitest"
import { score, wordsOf } from "../../src/ledger/issues/duplicates.ts"
import { Random } from "../../src/testing/random.ts"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

const times = <A>(n: number, make: (i: number) => A): ReadonlyArray<A> => Array.from({ length: n }, (_, i) => make(i))
const at = ({ short_id }: Body): string => `/projects/1/issues/${short_id}`
const titles = (body: Body): ReadonlyArray<string> => body.issues.map(({ title }: Body) => title)

describe("at once", () => {
  it.live("one key makes one issue, however often and in how many requests it is sent", () =>
    serving({}, async (send) => {
      const { events, ok, project } = client(send)
      await project()
      const answers: ReadonlyArray<Body> = await Promise.all(
        times(12, (i) =>
          ok("POST", "/projects/1/issues", { actor: `ann${i}`, title: "Once", body: "and not again" }, {
            // a header is bytes
            "idempotency-key": Buffer.from("schlüssel").toString("latin1")
          }))
      )
      expect(
        new Set(answers.map(({ issue }) => issue.uid)).size
      ).toBe(1)
      expect(answers.filter(({ changed }) => changed === true)).toHaveLength(1)
      expect(answers.filter(({ reused }) => reused === true)).toHaveLength(11)
      const told = await events()
      expect(told).toHaveLength(1)
      expect(told[0].payload.idempotency_key).toBe("schlüssel")
    }))

  it.live("a child gets one parent", () =>
    serving({}, async (send) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const child = await issue("Child")
      const parents = await Promise.all(times(8, (i) => issue(`Parent ${i}`)))
      const answers = await Promise.all(parents.map(({ short_id }) =>
        ask("POST", `${at(child)}/links`, { actor: "ann", type: "parent", to_ref: short_id })
      ))
      expect(
        answers.map(({ status }) =>
          status
        ).toSorted()
      ).toEqual([200, ...times(7, () => 409)])
      const { links, parent } = await ok("GET", at(child))
      expect(links).toHaveLength(1)
      expect(parent.short_id).toBe(links[0].to.short_id)
    }))

  it.live("nobody becomes its own ancestor, by edits and links that cross", () =>
    serving({}, async (send) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const ring = await Promise.all(times(6, (i) => issue(`Issue ${i}`)))
      const answers = await Promise.all(ring.map((one, i) => {
        const next = ring[(i + 1) % ring.length].short_id
        return i % 2 === 0
          ? ask("PATCH", at(one), { actor: "ann", links_delta: { set_parent: next } })
          : ask("POST", `${at(one)}/links`, { actor: "ann", type: "parent", to_ref: next })
      }))
      expect(answers.filter(({ status }) => status === 400)).toHaveLength(1)
      expect((await ok("GET", "/projects/1/issues")).issues.filter((one: Body) => one.parent_short_id !== undefined))
        .toHaveLength(5)
    }))

  it.live("a label is added once", () =>
    serving({}, async (send) => {
      const { events, issue, ok, project } = client(send)
      await project()
      const one = await issue("One")
      const answers: ReadonlyArray<Body> = await Promise.all(
        times(9, () => ok("POST", `${at(one)}/labels`, { actor: "ann", label: "bug" }))
      )
      expect(answers.filter(({ changed }) => changed === true)).toHaveLength(1)
      expect(await events()).toHaveLength(2)
    }))
})

describe("an edit", () => {
  it.live("of no links is no edit", () =>
    serving({}, async (send) => {
      const { ask, issue, project } = client(send)
      await project()
      const one = await issue("One")
      const answer = await ask("PATCH", at(one), { actor: "ann", links_delta: { add_blocks: [], remove_related: [] } })
      expect([answer.status, answer.body.error.message]).toEqual([400, "no fields to update"])
    }))
})

describe("an idempotency key", () => {
  const make = (send: Parameters<typeof client>[0], title = "Once") =>
    client(send).ask("POST", "/projects/1/issues", { actor: "ann", title }, { "idempotency-key": "k" })

  it.live("is forgotten after seven days", () =>
    serving({}, async (send, { database }) => {
      await client(send).project()
      const first = await make(send)
      const age = (days: string) =>
        execute(database, `UPDATE events SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '${days}')`)
      await age("-6 days")
      expect((await make(send)).body.reused).toBe(true)
      await age("-8 days")
      const second = await make(send)
      expect(second.body.changed).toBe(true)
      expect(second.body.issue.uid).not.toBe(first.body.issue.uid)
    }))

  it.live("is free when its issue was purged", () =>
    serving({}, async (send) => {
      const { ok, project } = client(send)
      await project()
      const { short_id } = (await make(send)).body.issue
      await ok("POST", `/projects/1/issues/${short_id}/actions/purge`, { actor: "ann" }, {
        "x-kata-confirm": `PURGE alpha#${short_id}`
      })
      expect((await make(send, "Another")).body.changed).toBe(true)
    }))
})

describe("look-alikes", () => {
  it.live("are found among many that share a word, also when they were edited to be so", () =>
    serving({}, async (send) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const other = await issue("Something else", { body: "of no interest" })
      for (const i of times(40, (n) => n)) await issue(`Login ${i} page`, { body: `The page number ${i} is slow` })
      await ok("PATCH", at(other), {
        actor: "ann",
        title: "Login crash on Safari",
        body: "The browser crashes when the form is submitted"
      })
      const asked = { actor: "ann", title: "Safari crashes: login", body: "browser crashed; form submitted when?" }
      const refused = await ask("POST", "/projects/1/issues", asked)
      expect(refused.status).toBe(409)
      expect(refused.body.error.data.candidates).toEqual([
        { score: 1, short_id: other.short_id, title: "Login crash on Safari", uid: other.uid }
      ])
      await ok("POST", `${at(other)}/actions/delete`, { actor: "ann" }, {
        "x-kata-confirm": `DELETE alpha#${other.short_id}`
      })
      expect((await ask("POST", "/projects/1/issues", asked)).status).toBe(200)
    }))

  it.live("are found whatever words they share: the index is asked for the rarest ones only", () =>
    serving({}, async (send) => {
      const { ask, issue, project } = client(send)
      await project()
      const random = new Random(5)
      // some words are in most of the titles, some in few
      const words = "fix add login page crash slow index export safari daemon token cache parser".split(" ")
      const text = (most: number) =>
        times(1 + random.below(most), () => words[Math.min(random.below(13), random.below(13))]).join(" ")
      const known = [...times(60, () => ({ title: text(6), body: text(4) }))]
      for (const { body, title } of known) await issue(title, { body })
      let alike = 0
      for (let n = 0; n < 150; n++) {
        // mostly like one that is known, with a word more or less
        const like = random.pick(known)
        const nearly = (words: string) =>
          [words, `${words} ${text(2)}`, words.replace(/ \w+$/, ""), text(6)][random.below(4)] ?? ""
        const [title, body] = [nearly(like.title), nearly(like.body)]
        const own = wordsOf(title, body)
        const wanted = known.filter((one) => score(own, wordsOf(one.title, one.body)) >= 0.7)
        const { body: said, status } = await ask("POST", "/projects/1/issues", { actor: "ann", title, body })
        expect([title, body, status]).toEqual([title, body, wanted.length > 0 ? 409 : 200])
        if (status === 200) known.push({ title, body })
        else {
          alike++
          expect(said.error.data.candidates.length).toBe(wanted.length)
        }
        // all that match are compared
        if (known.length >= 100) break
      }
      expect(alike).toBeGreaterThan(20)
    }))

  it.live("are asked for in any words: nothing in a title is an operator of the index", () =>
    serving({}, async (send) => {
      const { ask, project } = client(send)
      await project()
      const odd = [
        "\"quoted\" AND (NOT NEAR) OR title:x*",
        "title : ^a + b - {c}",
        "und\0erneath",
        "𝕏 emoji 🎉",
        "'); --"
      ]
      for (const title of [...odd, "many words ".repeat(3000)]) {
        const { body, status } = await ask("POST", "/projects/1/issues", { actor: "ann", title, body: title })
        expect([status, body.issue?.title]).toEqual([200, title])
      }
    }))
})

describe("search", () => {
  it.live("knows what an issue says now, in its title, body and comments", () =>
    serving({}, async (send) => {
      const { issue, ok, project } = client(send)
      await project()
      const one = await issue("Old title", { body: "old body" })
      await issue("Old neighbour")
      await ok("PATCH", at(one), { actor: "ann", title: "New title", body: "fresh body" })
      await ok("POST", `${at(one)}/comments`, { actor: "ann", body: "a remark" })
      const found = async (q: string): Promise<Body> =>
        (await ok("GET", `/projects/1/search?q=${encodeURIComponent(q)}`)).results
      expect((await found("old")).map(({ issue }: Body) => issue.title)).toEqual(["Old neighbour"])
      expect(await found("old body")).toEqual([])
      const [hit] = await found("title remark")
      expect([hit.issue.uid, hit.matched_in]).toEqual([one.uid, ["title", "comments"]])
    }))

  it.live("takes any text", () =>
    serving({}, async (send) => {
      const { ask, issue, project } = client(send)
      await project()
      await issue("A title")
      const odd = [
        "\"",
        "***",
        "a\0title",
        "AND",
        "NEAR(a b)",
        "title:x",
        "^a",
        "-",
        "{",
        "\"a\"\"",
        "\ud83d",
        "word ".repeat(1500)
      ]
      for (const q of odd) {
        // Go writes half of a pair as U+FFFD, and so does a URL
        const { status } = await ask("GET", `/projects/1/search?q=${encodeURIComponent(q.toWellFormed())}`)
        expect([q, status]).toEqual([q, 200])
      }
      const { body } = await ask("GET", "/projects/1/search?q=a%00title")
      expect(body.results).toHaveLength(1)
      expect((await ask("GET", "/projects/1/search?q=%00")).status).toBe(400)
    }))

  it.live("gives 20, as many as asked for, and never more than 200", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project()
      execute(database, many(250))
      const count = async (limit: string) => (await ok("GET", `/projects/1/search?q=issue${limit}`)).results.length
      expect(await Promise.all(["", "&limit=3", "&limit=0", "&limit=-1", "&limit=200", "&limit=1000"].map(count)))
        .toEqual([20, 3, 20, 20, 200, 200])
    }))
})

/** Issues with labels, each of which blocks the next one; the first is the parent of all others. */
const many = (n: number) => `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})
  INSERT INTO issues(uid, project_id, short_id, title, author, updated_at)
    SELECT printf('01ARZ3NDEKTSV4RRFF%08d', i), 1, printf('%08d', i), 'Issue ' || i, 'ann',
      strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i / 3, 'unixepoch') FROM n;
  INSERT INTO issue_labels(issue_id, label, author) SELECT id, 'l' || (id % 7), 'ann' FROM issues;
  INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
    SELECT 1, a.id, b.id, a.uid, b.uid, 'blocks', 'ann' FROM issues a JOIN issues b ON b.id = a.id + 1
    UNION ALL SELECT 1, c.id, p.id, c.uid, p.uid, 'parent', 'ann' FROM issues c JOIN issues p ON p.id = 1 WHERE c.id > 1`

describe("a long list", () => {
  it.live("is whole, in its order, and says of each issue what a short one says", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project()
      execute(database, many(1234))
      const { issues } = await ok("GET", "/projects/1/issues")
      // three of them have the same time: of those, the newest first
      expect(issues.map(({ id }: Body) => id)).toEqual(times(1234, (i) => 1234 - i))
      expect((await ok("GET", "/issues")).issues.map(({ uid }: Body) => uid)).toEqual(
        issues.map(({ uid }: Body) => uid)
      )
      for (const limit of [1, 499, 500, 501, 1000, 5000]) {
        const { issues: some } = await ok("GET", `/projects/1/issues?limit=${limit}`)
        expect(some).toEqual(issues.slice(0, limit))
      }
      const [last, middle, first] = [issues[0], issues[617], issues[1233]]
      expect(first.child_counts).toEqual({ open: 1233, total: 1233 })
      expect([middle.labels, middle.parent_short_id]).toEqual([[`l${middle.id % 7}`], "00000001"])
      expect([middle.blocks[0].uid, middle.blocked_by[0].uid]).toEqual([issues[616].uid, issues[618].uid])
      expect([last.blocks, first.blocked_by]).toEqual([undefined, undefined])
      const head = await send({ method: "HEAD", path: "/api/v1/projects/1/issues", headers: {}, body: undefined })
      expect([head.status, head.headers["content-type"], head.text]).toEqual([200, "application/json", ""])
      expect(titles(await ok("GET", "/projects/1/ready"))).toEqual(["Issue 1"])
      execute(database, "DELETE FROM links WHERE type = 'blocks'")
      expect((await ok("GET", "/projects/1/ready")).issues.map(({ id }: Body) => id)).toEqual(
        times(1234, (i) => 1234 - i)
      )
    }))

  it.live("is not waited for by others, and leaves out what is deleted while it is read", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project()
      execute(database, many(3000))
      const before = ok("GET", "/projects/1/issues")
      await ok("POST", "/projects/1/issues/00000001/actions/delete", { actor: "ann" }, {
        "x-kata-confirm": "DELETE alpha#00000001"
      })
      const length = (await before).issues.length
      expect(length === 2999 || length === 3000).toBe(true)
      expect((await ok("GET", "/projects/1/issues")).issues).toHaveLength(2999)
    }))
})

describe("ready", () => {
  it.live("is what no open issue blocks", () =>
    serving({}, async (send) => {
      const { close, issue, ok, project } = client(send)
      await project()
      const [a, b, c] = [await issue("A"), await issue("B"), await issue("C")]
      for (const blocker of [a, b]) {
        await ok("POST", `${at(blocker)}/links`, { actor: "ann", type: "blocks", to_ref: c.short_id })
      }
      const ready = async () => titles(await ok("GET", "/projects/1/ready")).toSorted()
      expect(await ready()).toEqual(["A", "B"])
      await close(a.short_id)
      expect(await ready()).toEqual(["B"])
      await ok("POST", `${at(b)}/actions/delete`, { actor: "ann" }, { "x-kata-confirm": `DELETE alpha#${b.short_id}` })
      expect(await ready()).toEqual(["C"])
    }))
})

describe("what is stored oddly", () => {
  it.live("does not break a list, and is shown as well as it can be", () =>
    serving({}, async (send, { database }) => {
      const { issue, ok, project } = client(send)
      await project()
      const names = ["Go time", "No time", "Bad JSON", "Blob", "Empty owner", "Fine"]
      const made: Record<string, Body> = {}
      for (const name of names) made[name] = await issue(name, { body: "text" })
      await ok("POST", `${at(made["Go time"])}/comments`, { actor: "ann", body: "late" })
      await ok("POST", `${at(made["Go time"])}/comments`, { actor: "ann", body: "early" })
      execute(
        database,
        `UPDATE issues SET created_at = '2026-05-04 00:21:07.5 +0200 CEST' WHERE title = 'Go time';
         UPDATE issues SET updated_at = 'yesterday' WHERE title = 'No time';
         UPDATE issues SET metadata = '{"a' WHERE title = 'Bad JSON';
         UPDATE issues SET body = x'6173', owner = x'ff' WHERE title = 'Blob';
         UPDATE issues SET owner = '' WHERE title = 'Empty owner';
         UPDATE comments SET created_at = '2026-05-04 00:21:07.5 +0000 UTC' WHERE body = 'late';
         UPDATE comments SET created_at = '2026-05-04T00:21:07Z' WHERE body = 'early';`
      )
      const { issues } = await ok("GET", "/projects/1/issues")
      const by = (title: string): Body => issues.find((one: Body) => one.title === title)
      expect(issues).toHaveLength(names.length)
      expect(by("Go time").created_at).toBe("2026-05-03T22:21:07.5Z")
      expect(by("No time").updated_at).toBe("yesterday")
      expect(by("Bad JSON").metadata).toBe("{\"a")
      expect([by("Blob").body, by("Blob").owner]).toEqual(["as", "\ufffd"])
      for (const name of names) {
        const shown = await ok("GET", at(made[name]))
        expect(shown.issue).toEqual(expect.objectContaining({ title: name, uid: by(name).uid }))
      }
      const { comments } = await ok("GET", at(made["Go time"]))
      expect(comments.map(({ body }: Body) => body)).toEqual(["early", "late"])
      // an edit leaves alone what it is not about
      await ok("PATCH", at(made["Blob"]), { actor: "ann", title: "Blobs" })
      expect(rows(database, "SELECT hex(body) AS body, hex(owner) AS owner FROM issues WHERE title = 'Blobs'"))
        .toEqual([{ body: "6173", owner: "FF" }])
      // nobody had it already
      const { changed } = await ok("POST", `${at(made["Empty owner"])}/actions/unassign`, { actor: "ann" })
      expect(changed).toBe(false)
    }))

  it.live("an odd ULID is found by what it is, and goes with its issue everywhere", () =>
    serving({}, async (send, { database }) => {
      const { issue, ok, project } = client(send)
      await project()
      const peer = await issue("Peer")
      execute(
        database,
        `INSERT INTO issues(uid, project_id, short_id, title, author)
           VALUES ('01arz3ndektsv4rrffq69g5fav', 1, '5fav', 'Small', 'ann'), ('not-a-ulid-but-26-long-abc', 1, '-abc', 'Odd', 'ann')`
      )
      for (const ref of ["01arz3ndektsv4rrffq69g5fav", "5fav", "not-a-ulid-but-26-long-abc"]) {
        const { changed } = await ok("POST", `/projects/1/issues/${ref}/links`, {
          actor: "ann",
          type: "related",
          to_ref: peer.uid.toLowerCase()
        })
        expect([ref, changed]).toEqual([ref, ref !== "5fav"])
      }
      const { issues } = await ok("GET", "/projects/1/issues")
      const { related } = issues.find(({ uid }: Body) => uid === peer.uid)
      expect(related.map(({ uid }: Body) => uid)).toEqual(["01arz3ndektsv4rrffq69g5fav", "not-a-ulid-but-26-long-abc"])
    }))

  it.live("parents that go round in a circle are shown, and can be put right", () =>
    serving({}, async (send, { database }) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const [a, b, c] = [await issue("A"), await issue("B"), await issue("C")]
      execute(
        database,
        `INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
           SELECT 1, f.id, t.id, f.uid, t.uid, 'parent', 'ann' FROM issues f JOIN issues t
           WHERE (f.title, t.title) IN (VALUES ('A', 'B'), ('B', 'A'))`
      )
      const shown = await ok("GET", at(a))
      expect([shown.parent.short_id, shown.children[0].short_id]).toEqual([b.short_id, b.short_id])
      // one that is outside of the circle may hang on it; nothing walks for ever
      await ok("PATCH", at(c), { actor: "ann", links_delta: { set_parent: a.short_id } })
      expect((await ask("PATCH", at(a), { actor: "ann", links_delta: { set_parent: c.short_id } })).status).toBe(400)
      await ok("PATCH", at(a), { actor: "ann", links_delta: { remove_parent: b.short_id } })
      expect((await ok("GET", at(b))).parent.short_id).toBe(a.short_id)
    }))
})

describe("what SQLite would refuse is refused before", () => {
  it.live.each<[string, string, object]>([
    ["a blank title", "", { title: " \t\n" }],
    ["a title that is over before it begins", "", { title: " \0title" }],
    ["an actor that is", "", { actor: "\0ann", title: "Title" }],
    ["a blank comment", "/comments", { body: "\u00a0" }],
    ["a comment that is over before it begins", "/comments", { body: "\0" }],
    ["an owner of blanks", "/actions/assign", { owner: "\t" }]
  ])("%s", ([, route, body]) =>
    serving({}, async (send) => {
      const { ask, issue, project } = client(send)
      await project()
      const path = route === "" ? "/projects/1/issues" : `${at(await issue("One"))}${route}`
      const answer = await ask("POST", path, { actor: "ann", ...body })
      expect([answer.status, answer.body.error.code]).toEqual([400, "validation"])
    }))

  it.live("half of a surrogate pair is stored as U+FFFD, which every export can carry", () =>
    serving({}, async (send, { database }) => {
      const { issue, project } = client(send)
      await project()
      const { title } = await issue("a\ud83db", { body: "\udc00" })
      expect(title).toBe("a\ufffdb")
      expect(rows(database, "SELECT hex(title) AS title, hex(body) AS body FROM issues")).toEqual([
        { title: "61EFBFBD62", body: "EFBFBD" }
      ])
    }))
})

describe("by uid", () => {
  it.live("a beginning must be of one issue, deleted ones and archived projects aside", () =>
    serving({}, async (send, { database }) => {
      const { ask, ok, project } = client(send)
      await project()
      await project("beta")
      execute(
        database,
        `INSERT INTO issues(uid, project_id, short_id, title, author)
           VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 1, '5fav', 'One', 'ann'), ('01ARZ3NDEZTSV4RRFFQ69G5FA0', 2, '5fa0', 'Two', 'ann')`
      )
      const [one, two] = [(await ok("GET", "/issues/01ARZ3NDEK")).issue, (await ok("GET", "/issues/01arz3ndez")).issue]
      const common = "01ARZ3NDE"
      expect((await ask("GET", `/issues/${common}`)).body.error.code).toBe("prefix_ambiguous")
      await ok("POST", `${at(one)}/actions/delete`, { actor: "ann" }, {
        "x-kata-confirm": `DELETE alpha#${one.short_id}`
      })
      expect((await ok("GET", `/issues/${common}`)).issue.uid).toBe(two.uid)
      expect((await ask("GET", `/issues/${common}?include_deleted=true`)).status).toBe(409)
      await ok("DELETE", "/projects/2?actor=ann&force=true")
      expect((await ask("GET", `/issues/${two.uid}`)).status).toBe(404)
      expect((await ok("GET", "/issues")).issues).toEqual([])
    }))
})
