import { type Difference, type Differences, refusal } from "../Difference.ts"

const database = "Go: 500 with the text of SQLite"
const blank = (what: string): Difference => ({
  why: database,
  ours: refusal(400, "validation", `${what} must be non-empty`)
})

const metadata = (key: string, what: string): Difference => ({
  why: "the words of Go's parsers of JSON and of times",
  ours: refusal(400, "invalid_metadata_value", `validate "${key}": invalid value: ${what}`)
})

/** Go leaves the short id out of the first event, which it has in every other one. */
const reused: Difference = {
  why: "the first event says everything that an event says",
  ours: (recorded: unknown) => {
    const answer = recorded as { readonly body: { readonly issue: { readonly short_id: string } } }
    const { original_event, ...body } = answer.body as { readonly original_event?: object; readonly issue: object }
    return {
      ...answer,
      body: { ...body, original_event: { ...original_event, issue_short_id: answer.body.issue.short_id } }
    }
  }
}

interface Peer {
  readonly uid: string
  readonly short_id: string
}

const peer = (uid: number) => ({ uid: `<ulid${uid}>`, short_id: `<sid${uid + 1}>` })

/** Go makes the link; what it wrote is brought by SQL. */
const circle = (
  [from, to]: readonly [number, number],
  [a, b]: readonly [Peer, Peer],
  type: string,
  payload: string
): Difference => ({
  why: "nothing waits for itself",
  ours: refusal(
    409,
    "blocks_cycle",
    `issues would wait for each other: #${a.short_id} blocks #${b.short_id} blocks #${a.short_id}`,
    { hint: "remove one of these links first", data: { cycle: [a, b, a] } }
  ),
  afterwards: `
    INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
      SELECT 1, f.id, t.id, f.uid, t.uid, 'blocks', 'alice' FROM issues f, issues t WHERE f.id = ${from} AND t.id = ${to};
    UPDATE issues SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${from};
    INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, related_issue_id,
      related_issue_uid, type, actor, payload)
      SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAW', m.value, 1, 'alpha', f.id, f.uid, t.id, t.uid, '${type}', 'alice', ${payload}
      FROM issues f, issues t, meta m WHERE f.id = ${from} AND t.id = ${to} AND m.key = 'instance_uid'`
})

export const issues: Differences = {
  "04-issue-create": {
    steps: {
      "title blank": blank("title"),
      "title empty": blank("title"),
      "priority 1.0": {
        why: "the words of Go's JSON parser",
        ours: refusal(400, "validation", "validation failed: priority: expected integer")
      },
      "idempotency: reuse": reused,
      "idempotency: reuse by other actor": reused,
      "idempotency: reuse, labels in other order": reused,
      "idempotency: reuse, other spacing": reused,
      "idempotency: reuse with force_new": reused,
      "idempotency: reuse after edit": reused
    }
  },
  "05-issue-read": {},
  "06-issue-edit": {
    steps: {
      "edit links cycle A blocks D while D blocks A": circle(
        [1, 4],
        [peer(3), peer(13)],
        "issue.links_changed",
        "json_object('blocks_added', json_array(t.short_id), 'blocks_added_uids', json_array(t.uid))"
      ),
      "edit title empty": blank("title"),
      "edit title blank": blank("title"),
      "comment blank": blank("body"),
      "comment empty": blank("body"),
      "metadata scheduled_on bad": metadata("scheduled_on", "date must match YYYY-MM-DD, got \"24.12.2026\""),
      "metadata deadline_on bad type": metadata("deadline_on", "date must be a JSON string"),
      "metadata someday bad": metadata("someday", "value must be a JSON boolean"),
      "metadata checklist bad": metadata("checklist", "checklist must be an array of items"),
      "metadata timezone bad": metadata("timezone", "timezone \"Mars/Base\" is not a valid IANA name")
    }
  },
  "09-labels-links": {
    steps: {
      "link reverse blocks (cycle)": circle(
        [2, 1],
        [peer(7), peer(3)],
        "issue.linked",
        `json_object('from_short_id', f.short_id, 'from_uid', f.uid, 'link_id', 2, 'to_short_id', t.short_id,
           'to_uid', t.uid, 'type', 'blocks')`
      ),
      "link parent cycle": {
        why: "nobody is its own ancestor, whichever route says so",
        ours: refusal(400, "validation", "set_parent on #<sid11> would create a parent cycle", {
          hint: "the requested parent is a descendant of this issue"
        }),
        afterwards: `
          INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
            SELECT 1, c.id, a.id, c.uid, a.uid, 'parent', 'alice' FROM issues c, issues a WHERE c.id = 3 AND a.id = 1;
          UPDATE issues SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = 3;
          INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, related_issue_id,
            related_issue_uid, type, actor, payload)
            SELECT '01ARZ3NDEKTSV4RRFFQ69G5FAV', m.value, 1, 'alpha', c.id, c.uid, a.id, a.uid, 'issue.linked', 'alice',
              json_object('from_short_id', c.short_id, 'from_uid', c.uid, 'link_id', 7, 'to_short_id', a.short_id,
                'to_uid', a.uid, 'type', 'parent')
            FROM issues c, issues a, meta m WHERE c.id = 3 AND a.id = 1 AND m.key = 'instance_uid'`
      }
    }
  }
}
