/** What the recordings do not show: no request makes the first occurrence, so that they never saw the next one made. */
import { describe, expect, it } from "@effect/vitest"
import { type Body, client } from "./client.ts"
import { serving } from "./replay/serve.ts"
import { execute, rows } from "./sql.ts"

const weekly = {
  actor: "ann",
  rrule: "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
  dtstart: "2026-06-01",
  timezone: "UTC",
  template: {
    title: "Weekly review",
    body: "Look at <things>",
    owner: "bob",
    priority: 2,
    labels: ["Weekly", " chore "],
    metadata: { zeta: 1234567, area: "x" }
  }
}

type Client = ReturnType<typeof client>

/** A recurrence, and its first occurrence, which only an import makes. */
const first = async (
  { issue, ok, project }: Client,
  database: string
): Promise<{ readonly uid: string; readonly ref: string }> => {
  await project()
  const { recurrence } = await ok("POST", "/projects/1/recurrences", weekly)
  const { short_id } = await issue("Weekly review")
  execute(database, "UPDATE issues SET recurrence_id = 1, occurrence_key = '2026-06-01'")
  return { uid: recurrence.uid as string, ref: short_id as string }
}

const open = async ({ ok }: Client): Promise<ReadonlyArray<Body>> =>
  (await ok("GET", "/projects/1/issues?status=open")).issues

const types = (events: ReadonlyArray<Body>) => events.map(({ type }) => type as string)

const done = { closed_reason: "done", status: "closed" }

describe("an occurrence that is closed as done", () => {
  it.live("makes the next one of the template, until there is none", () =>
    serving({}, async (send, { database }) => {
      const asked = client(send)
      const { ref, uid } = await first(asked, database)
      expect(await asked.close(ref, { actor: "eve" })).toMatchObject({
        status: 200,
        body: { issue: done, event: { type: "issue.closed" } }
      })
      const [second] = await open(asked)
      expect(second).toMatchObject({
        title: "Weekly review",
        body: "Look at <things>",
        owner: "bob",
        priority: 2,
        author: "eve",
        labels: ["chore", "weekly"],
        metadata: { area: "x", scheduled_on: "2026-06-08", zeta: 1234567 },
        recurrence_id: 1,
        occurrence_key: "2026-06-08"
      })
      const made = (await asked.events()).slice(-2)
      expect(made.map(({ issue_uid, payload, type }) => ({ issue_uid, payload, type }))).toEqual([
        {
          type: "issue.created",
          issue_uid: second.uid,
          payload: {
            body: "Look at <things>",
            labels: ["chore", "weekly"],
            occurrence_key: "2026-06-08",
            recurrence_uid: uid,
            title: "Weekly review"
          }
        },
        {
          type: "recurrence.materialized",
          issue_uid: second.uid,
          payload: { issue_uid: second.uid, occurrence_key: "2026-06-08", recurrence_uid: uid }
        }
      ])
      expect((await asked.ok("GET", `/projects/1/recurrences/${uid}`)).recurrence).toMatchObject({
        next_occurrence_key: "2026-06-15",
        last_materialized_uid: second.uid,
        revision: 2
      })
      await asked.close(second.short_id)
      const [third] = await open(asked)
      expect(third.occurrence_key).toBe("2026-06-15")
      const { recurrence } = await asked.ok("GET", `/projects/1/recurrences/${uid}`)
      expect(recurrence).toMatchObject({ last_materialized_uid: third.uid, revision: 3 })
      expect(recurrence).not.toHaveProperty("next_occurrence_key")
      await asked.close(third.short_id)
      expect(await open(asked)).toEqual([])
    }))

  it.live("makes none for another reason, and none when the recurrence was deleted", () =>
    serving({}, async (send, { database }) => {
      const asked = client(send)
      const { ref, uid } = await first(asked, database)
      const gone = "The review is not needed any more, since the team that held it has gone."
      expect(await asked.close(ref, { reason: "wontfix", message: gone, evidence: [] })).toMatchObject({ status: 200 })
      await asked.ok("POST", `/projects/1/issues/${ref}/actions/reopen`, { actor: "ann" })
      await asked.ok("DELETE", `/projects/1/recurrences/${uid}?actor=ann`)
      expect(await asked.close(ref)).toMatchObject({ status: 200 })
      expect(await open(asked)).toEqual([])
      expect(types(await asked.events()).slice(2)).toEqual([
        "issue.closed",
        "issue.reopened",
        "recurrence.deleted",
        "issue.closed"
      ])
    }))

  it.live("does not make what is there already", () =>
    serving({}, async (send, { database }) => {
      const asked = client(send)
      const { ref, uid } = await first(asked, database)
      await asked.close(ref)
      const [second] = await open(asked)
      await asked.ok("POST", `/projects/1/issues/${ref}/actions/reopen`, { actor: "ann" })
      expect(await asked.close(ref)).toMatchObject({ status: 200, body: { changed: true } })
      expect(await open(asked)).toHaveLength(1)
      expect((await asked.events()).at(-1)).toMatchObject({
        type: "recurrence.materialization_skipped",
        payload: {
          existing_issue_uid: second.uid,
          occurrence_key: "2026-06-08",
          reason: "already_exists",
          recurrence_uid: uid
        }
      })
    }))

  it.live("is closed all the same when nobody can read the rule, or the labels", () =>
    serving({}, async (send, { database }) => {
      const asked = client(send)
      const { ref } = await first(asked, database)
      execute(
        database,
        "UPDATE recurrences SET rrule = 'FREQ=SOMETIMES', template_labels = '{', template_metadata = '7'"
      )
      expect(await asked.close(ref)).toMatchObject({ status: 200, body: { issue: done } })
      expect((await asked.events()).at(-1)).toMatchObject({
        type: "recurrence.materialization_skipped",
        payload: { reason: "parse rrule \"FREQ=SOMETIMES\": undefined frequency: SOMETIMES" }
      })
      expect((await asked.ok("GET", "/projects/1/recurrences")).recurrences).toMatchObject([
        { template_labels: "{", template_metadata: 7 }
      ])
      await asked.ok("POST", `/projects/1/issues/${ref}/actions/reopen`, { actor: "ann" })
      execute(database, "UPDATE recurrences SET rrule = 'FREQ=DAILY'")
      await asked.close(ref)
      const [next] = await open(asked)
      expect(next).toMatchObject({ metadata: { scheduled_on: "2026-06-02" }, occurrence_key: "2026-06-02" })
    }))
})

describe("a recurrence", () => {
  it.live("is changed by one of many who have seen the same revision", () =>
    serving({}, async (send) => {
      const { ask, ok, project } = client(send)
      await project()
      const { recurrence } = await ok("POST", "/projects/1/recurrences", weekly)
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          ask(
            "PATCH",
            `/projects/1/recurrences/${recurrence.uid}`,
            { actor: "ann", template: { title: `Title ${i}` } },
            {
              "if-match": "\"rev-1\""
            }
          ))
      )
      expect(
        answers.map(({ status }) => status).toSorted()
      ).toEqual([200, ...Array<number>(7).fill(412)])
    }))

  it.live("keeps what a change does not name as it is spelled", () =>
    serving({}, async (send, { database }) => {
      const { ask, ok, project } = client(send)
      await project()
      const { recurrence } = await ok("POST", "/projects/1/recurrences", weekly)
      execute(database, "UPDATE recurrences SET template_metadata = '{\"b\": 1.0,\"a\":[ ]}'")
      const changed = await ask(
        "PATCH",
        `/projects/1/recurrences/${recurrence.uid}`,
        { actor: "ann", template: { owner: "", metadata: null, priority: 0 } },
        { "if-match": "\"rev-1\"" }
      )
      expect(changed.body).toMatchObject({ changed: true })
      expect(changed.headers["etag"]).toBe("\"rev-2\"")
      expect(changed.body.recurrence).not.toHaveProperty("template_owner")
      expect(rows(database, "SELECT template_owner, template_priority, template_metadata FROM recurrences"))
        .toEqual([
          { template_owner: null, template_priority: 0n, template_metadata: "{\"b\": 1.0,\"a\":[ ]}" }
        ])
    }))

  it.live.each<readonly [wrong: object, message: string]>([
    [{ template: { title: "x", labels: ["no blanks"] } }, "invalid recurrence: label must match"],
    [{ template: { title: "x", metadata: { scheduled_on: "soon" } } }, "validate \"scheduled_on\""],
    [
      { template: { title: "x\u0000y", priority: -1 } },
      "invalid recurrence: template_priority must be between 0 and 4"
    ],
    [{ rrule: "FREQ=DAILY;UNTIL=20200101" }, "invalid recurrence: rrule gives no day"]
  ])("is not made of %j", ([wrong, message]) =>
    serving({}, async (send) => {
      const { ask, project } = client(send)
      await project()
      const answer = await ask("POST", "/projects/1/recurrences", { ...weekly, ...wrong })
      expect(answer.status).toBe(400)
      expect(answer.body.error.message).toContain(message)
    }))
})
