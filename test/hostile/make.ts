/** A small sealed snapshot as text, and the same with something else in it, sealed again. Nothing of `src/` takes part. */
import { createHash } from "node:crypto"

const time = "2026-01-01T00:00:00.001Z"
const project = "01KDVDNA00AAAAAAAAAAAAA101"
const [one, two] = ["01KDVDNA00AAAAAAAAAAAAA104", "01KDVDNA00AAAAAAAAAAAAA105"]
const issue = (id: number, uid: string, title: string) =>
  `{"kind":"issue","data":{"id":${id},"uid":"${uid}","project_id":1,"short_id":"${
    uid.slice(-4).toLowerCase()
  }","title":"${title}","body":"${title} body",` +
  `"status":"open","closed_reason":null,"owner":null,"author":"ana","created_at":"${time}","updated_at":"${time}","closed_at":null,"deleted_at":null,` +
  `"metadata":{},"revision":1}}`

/** The records, without the members that seal them. */
export const lines: ReadonlyArray<string> = [
  `{"kind":"meta","data":{"key":"export_version","value":"10"}}`,
  `{"kind":"meta","data":{"key":"instance_uid","value":"01KDVDNA00BBBBBBBBBBBBBBBB"}}`,
  `{"kind":"meta","data":{"key":"note","value":"of a test"}}`,
  `{"kind":"meta","data":{"key":"schema_version","value":"10"}}`,
  `{"kind":"project","data":{"id":1,"uid":"${project}","name":"alpha","created_at":"${time}","metadata":{"by":"hand"},"revision":3}}`,
  `{"kind":"project_alias","data":{"id":1,"project_id":1,"alias_identity":"local:/a","alias_kind":"local","root_path":"/a","created_at":"${time}","last_seen_at":"${time}"}}`,
  `{"kind":"recurrence","data":{"id":1,"uid":"01KDVDNA00AAAAAAAAAAAAA109","project_id":1,"rrule":"FREQ=DAILY","dtstart":"2026-01-01","timezone":"UTC","template_title":"daily","template_body":"","template_labels":[],"template_metadata":{},"author":"ana","revision":2,"created_at":"${time}","updated_at":"${time}"}}`,
  issue(1, one, "first"),
  issue(2, two, "second"),
  `{"kind":"comment","data":{"id":1,"issue_id":1,"author":"ben","body":"hello","created_at":"${time}"}}`,
  `{"kind":"issue_label","data":{"issue_id":1,"label":"bug","author":"ana","created_at":"${time}"}}`,
  `{"kind":"link","data":{"id":1,"project_id":1,"from_issue_id":1,"from_issue_uid":"${one}","to_issue_id":2,"to_issue_uid":"${two}","type":"blocks","author":"ana","created_at":"${time}"}}`,
  `{"kind":"event","data":{"id":1,"uid":"01KDVDNA00AAAAAAAAAAAAA110","origin_instance_uid":"01KDVDNA00BBBBBBBBBBBBBBBB","project_id":1,"project_name":"alpha","issue_id":1,"issue_uid":"${one}","related_issue_id":null,"related_issue_uid":null,"type":"issue.created","actor":"ana","payload":{},"created_at":"${time}"}}`,
  `{"kind":"purge_log","data":{"id":1,"uid":"01KDVDNA00AAAAAAAAAAAAA111","origin_instance_uid":"01KDVDNA00BBBBBBBBBBBBBBBB","project_id":1,"purged_issue_id":7,"issue_uid":null,"project_uid":null,"project_name":"alpha","issue_title":"gone","issue_author":"ana","comment_count":0,"link_count":0,"label_count":0,"event_count":0,"events_deleted_min_id":null,"events_deleted_max_id":null,"purge_reset_after_event_id":null,"actor":"ana","reason":null,"purged_at":"${time}"}}`,
  ...["comments", "events", "issues", "links", "project_aliases", "projects", "purge_log", "recurrences"].map((name) =>
    `{"kind":"sqlite_sequence","data":{"name":"${name}","seq":1${name === "issues" ? "0" : ""}}}`
  )
]

/** The file with a seal that holds, whatever it says. */
export const withSeal = (text: string): string => {
  const covered = text.slice(0, -2)
  const count = text.split("\n").length - 1
  return `${covered},"seal":{"records":${count},"sha256":"${createHash("sha256").update(covered).digest("hex")}"}}\n`
}

const withHeader = (line: string) => `${line.slice(0, -1)},"snapshot":{"sealed":true,"scope":"database"}}`

/** These lines as a file that is sealed as it should be, whatever they say. */
export const reseal = ([first, ...rest]: ReadonlyArray<string>): string =>
  withSeal([withHeader(first!), ...rest].map((line) => `${line}\n`).join(""))

export const sealed = reseal(lines)

/** The snapshot with the first `from` replaced, sealed as it should be. */
export const edited = (from: string | RegExp, to: string): string => {
  const plain = [withHeader(lines[0]!), ...lines.slice(1)].map((line) => `${line}\n`).join("")
  const changed = plain.replace(from, () => to)
  if (changed === plain) throw new Error(`${String(from)} is not in the snapshot`)
  return withSeal(changed)
}
