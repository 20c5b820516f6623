import { answer, type Difference, type Differences, refusal } from "../Difference.ts"

type Json = { readonly [key: string]: unknown }

/** A change of the body that was recorded. */
const body = (change: (recorded: string) => string) => (recorded: unknown) =>
  JSON.parse(change(JSON.stringify(recorded))) as unknown

const cut: Difference = {
  why: "times are kept to the millisecond",
  ours: body((text) => text.replaceAll("2026-05-02T09:00:00.123456Z", "<T>"))
}
/** Of a comment on an issue with such a time, after events that only ours has. */
const cutAndLater = (id: number, why: string): Difference => ({
  why: `${cut.why}; ${why}`,
  ours: body((text) =>
    text.replaceAll("2026-05-02T09:00:00.123456Z", "<T>").replace(/"event":\{"id":\d+/, `"event":{"id":${id}`)
  )
})

const where = (i: number, id: string): Difference => ({
  why: "the hint says which item it is",
  ours: body((text) => text.replace(/\}\}\}$/, `,"hint":${JSON.stringify(`see items[${i}], external_id "${id}"`)}}}}`))
})
const wrong = (says: string): Difference => ({
  why: "Go: 500",
  ours: refusal(400, "validation", `invalid import: ${says}`, { hint: "see items[0], external_id \"v-1\"" })
})

const outcome = (items: ReadonlyArray<Json>, counts: Json = {}) =>
  answer(200, {
    source: "beads",
    created: 0,
    updated: 0,
    unchanged: 0,
    comments: 0,
    links: 0,
    ...counts,
    items,
    errors: []
  })

const dates = { created_at: "2026-05-01T10:00:00Z", updated_at: "2026-05-02T10:00:00Z" }
const label = (label: string, issue_id = 1) => ({ issue_id, label, author: "importer", created_at: dates.created_at })

/** bd-1, which no Go kata can show any more. `uids` are those of bd-1, bd-2, bd-3. */
const show = (uids: readonly [string, string, string], updated: boolean): unknown => {
  const peer = (i: 0 | 1 | 2) => ({ uid: uids[i], short_id: `<sid${i + 2}>` })
  const link = (id: number, type: string, to: 1 | 2) => ({
    id,
    project_id: 1,
    from: peer(0),
    to: peer(to),
    type,
    author: "importer",
    created_at: dates.updated_at
  })
  return answer(200, {
    issue: {
      id: 1,
      ...peer(0),
      project_id: 1,
      project_uid: "<ulid1>",
      status: "open",
      author: "bob",
      metadata: {},
      revision: 1,
      ...dates,
      ...(updated
        ? { title: "New title", body: "", updated_at: "2099-01-01T00:00:00Z" }
        : { title: "Title bd-1", body: "B", owner: "carol", priority: 1 })
    },
    comments: [{ id: 1, issue_id: 1, author: "dave", body: "first", created_at: "<T>" }],
    links: [...(updated ? [] : [link(1, "blocks", 1)]), link(3, "related", 2)],
    labels: [label("source:beads"), ...(updated ? [] : [label("ui")])]
  })
}
const readable = "Go stores the time of the comment as no Go kata can read it"
const known = ["<ulid6>", "<ulid5>", "<ulid7>"] as const

interface Event extends Json {
  readonly event_id: number
}

/** Two events that only ours has, and the numbers that follow from them. */
const events = (recorded: unknown): unknown => {
  const { body, ...rest } = recorded as { readonly body: { readonly events: ReadonlyArray<Event> } & Json }
  const of = (id: number) => body.events.find(({ event_id }) => event_id === id)
  const late = {
    ...of(3),
    event_uid: "<ulid?>",
    type: "issue.labeled",
    payload: { external_id: "bd-3:label:late", label: "late", source: "beads" }
  }
  const bd30 = {
    ...of(17),
    issue_id: 8,
    issue_uid: "<ulid?>",
    issue_short_id: "<sid?>",
    payload: { external_id: "bd-30", source: "beads" }
  }
  const all = [...body.events.slice(0, 13), late, ...body.events.slice(13, 19), bd30, ...body.events.slice(19)]
  return {
    ...rest,
    body: { ...body, events: all.map((event, i) => ({ ...event, event_id: i + 1 })), next_after_id: all.length }
  }
}

export const imports: Differences = {
  "15-imports": {
    steps: {
      "show bd-1": { why: readable, unnumbered: true, ours: show(["<ulid?>", "<ulid?>", "<ulid?>"], false) },
      "show bd-2": cut,
      list: cut,
      "show bd-1 after second run": { why: readable, ours: show(known, false) },
      "show bd-1 after update": { why: readable, ours: show(known, true) },
      "show bd-3": {
        why: "a label that came without a newer updated_at arrives all the same; times to the millisecond",
        ours: body((text) =>
          text.replaceAll("2026-05-02T09:00:00.123456Z", "<T>")
            .replace("\"labels\":[]", `"labels":${JSON.stringify([label("late", 3)])}`)
        )
      },
      "item: external_id blank": where(0, " "),
      ...Object.fromEntries(
        [
          "title blank",
          "author blank",
          "created_at zero",
          "updated before created",
          "open with closed_at",
          "open with closed_reason",
          "closed without closed_at",
          "closed before created",
          "priority 5",
          "label bad",
          "comment without text",
          "comment without id",
          "comment id twice",
          "link target blank"
        ].map((name) => [`item: ${name}`, where(0, "v-1")])
      ),
      "item: link to itself": wrong("an issue cannot be linked to itself"),
      "item: two parents": wrong("an issue has one parent at most"),
      "external_id twice in a batch": where(1, "v-9"),
      "second item bad: nothing is imported": where(1, "v-11"),
      "import with a mapped issue deleted": {
        why: "what is deleted in kata stays so, and does not stand in the way of all others",
        ours: outcome([{
          external_id: "bd-3",
          issue_short_id: "<sid4>",
          status: "unchanged",
          reason: "the issue is deleted in kata and stays so"
        }], { unchanged: 1 })
      },
      "import with a link to a deleted mapped issue": {
        why: "the same",
        unnumbered: true,
        ours: outcome([{
          external_id: "bd-30",
          issue_short_id: "<sid?>",
          status: "created",
          reason: "blocks \"bd-3\" left out: that issue is deleted in kata"
        }], { created: 1 })
      },
      "delete bd-3": {
        why: "one event more: a label that came late",
        ours: body((text) => text.replace(/"event":\{"id":\d+/, "\"event\":{\"id\":20"))
      },
      "comment locally on bd-2": cutAndLater(22, "two events more"),
      events: { why: "a label that came late, and bd-30", unnumbered: true, ours: events },
      "issue times with an offset other than UTC": {
        why: "any offset is read",
        unnumbered: true,
        ours: outcome([{ external_id: "off-1", issue_short_id: "<sid?>", status: "created" }], { created: 1 })
      },
      "nothing was imported": {
        why: "it was",
        unnumbered: true,
        ours: answer(200, {
          issues: [{
            id: 9,
            uid: "<ulid?>",
            project_id: 2,
            project_uid: "<ulid15>",
            short_id: "<sid?>",
            title: "Title off-1",
            body: "",
            status: "open",
            author: "bob",
            metadata: {},
            revision: 1,
            created_at: "<T>",
            updated_at: "<T>",
            qualified_id: "beta#<sid?>"
          }]
        })
      }
    }
  }
}
