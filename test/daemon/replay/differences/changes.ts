import type { Differences } from "../Difference.ts"

export const changes: Differences = {
  "07-issue-close": {},
  "08-close-throttle": { options: { throttle: { enabled: true, window: 300_000 } } },
  "10-delete-purge": {},
  "11-move": {},
  "12-recurrences": {},
  "13-events": {}
}
