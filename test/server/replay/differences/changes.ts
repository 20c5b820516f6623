import { answer, type Difference, type Differences, refusal } from "../Difference.ts"

const goTime = "Go: the words of its parser of times"
const noDate = (text: string) =>
  refusal(400, "validation", `invalid recurrence: dtstart must be a date YYYY-MM-DD, got ${JSON.stringify(text)}`)

interface Recurrences {
  readonly body: { readonly recurrences: ReadonlyArray<{ readonly id: number }> }
}

const newestFirst = (recorded: unknown) => {
  const { body, ...rest } = recorded as Recurrences
  return { ...rest, body: { recurrences: body.recurrences.toSorted((a, b) => b.id - a.id) } }
}

const unreached = "a cursor above the highest id is of another state of the ledger: its client would wait in silence"

const beyond = (highest: number): Difference => ({
  why: unreached,
  ours: answer(200, { reset_required: true, reset_after_id: highest, events: [], next_after_id: highest })
})

export const changes: Differences = {
  "07-issue-close": {},
  "08-close-throttle": { options: { throttle: { enabled: true, window: 300_000 } } },
  "10-delete-purge": {
    steps: Object.fromEntries([11, 12, 13, 14, 99].map((after) => [`events ?after_id=${after}`, beyond(10)]))
  },
  "11-move": {},
  "12-recurrences": {
    steps: {
      "create bad dtstart": { why: goTime, ours: noDate("01.06.2026") },
      "create dtstart with time": { why: goTime, ours: noDate("2026-06-01T09:00:00Z") },
      "create bad priority": {
        why: "Go: 500 with the text of SQLite",
        ours: refusal(400, "validation", "invalid recurrence: template_priority must be between 0 and 4")
      },
      "create bad metadata": {
        why: "Go: the words of its JSON parser",
        ours: refusal(400, "validation", "validation failed: template.metadata: expected object")
      },
      list: { why: "of two that were made in the same millisecond Go's order is random", ours: newestFirst }
    }
  },
  "13-events": {
    steps: {
      "poll ?after_id=99": beyond(5),
      "stream: cursor beyond the end": {
        why: unreached,
        ours: {
          status: 200,
          headers: { "content-type": "text/event-stream" },
          body: {
            frames: [{ comment: "connected" }, {
              id: "5",
              event: "sync.reset_required",
              data: { event_id: 5, reset_after_id: 5 }
            }],
            ended: true
          }
        }
      }
    }
  },
  "14-events-heartbeat": {
    steps: { "idle stream": { why: "it takes 50 seconds: events.test.ts has a clock of its own for it", skip: true } }
  }
}
