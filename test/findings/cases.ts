/** For every rule, how a database comes to break it, and what is said of that. */
import { uid } from "./base.ts"

export interface Case {
  /** What happens to the database that `base.ts` describes. */
  readonly sql?: string
  /** What happens to the snapshot of it, where no database can hold it. */
  readonly text?: (text: string) => string
  /** The database is one with the whole schema. */
  readonly sound?: boolean
  /** The findings that are new, by their titles. */
  readonly gives: ReadonlyArray<string>
  /** Findings that come with them on the way in, or stay after a repair has made something else of what was there. */
  readonly after?: ReadonlyArray<string>
}

const each = (fields: string, says: string) => fields.split(" ").map((field) => `${field} ${says}`)
const set = (table: string, id: number, changes: string) => `UPDATE ${table} SET ${changes} WHERE id = ${id};`
const deep = `${"[".repeat(1500)}${"]".repeat(1500)}`

const time = "is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ)"
/** Of comments, and of what was imported. */
const fineTime = "is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ, or with 6 or 9 digits)"
const day = "is not a date as kata writes it (YYYY-MM-DD)"
const double = "is there more than once"
const go = "'2026-05-04 00:21:07.5 +0200 CEST'"

export const cases: { readonly [what: string]: Case } = {
  // ---- meta and sequences
  "another schema version": {
    text: (text) => text.replace("\"schema_version\",\"value\":\"10\"", "\"schema_version\",\"value\":\"9\""),
    gives: ["meta.value must be 10"]
  },
  "no instance": {
    sql: "DELETE FROM meta WHERE key = 'instance_uid'",
    gives: ["meta.value is missing; the first program that opens the database invents one"]
  },
  "an instance that is too short": {
    sql: "UPDATE meta SET value = 'me' WHERE key = 'instance_uid'",
    gives: ["meta.value does not have 26 characters; new events copy it, and are refused"]
  },
  "an instance of lower case": {
    sql: "UPDATE meta SET value = lower(value) WHERE key = 'instance_uid'",
    gives: ["meta.value is not a ULID in its canonical form"]
  },
  "the name of the first record": {
    sql: "INSERT INTO meta VALUES ('export_version', '10')",
    gives: ["meta.key is the name of the file's own first record"]
  },
  "a sequence that is missing": {
    sql: "DELETE FROM sqlite_sequence WHERE name = 'issues'",
    gives: ["sqlite_sequence.seq is missing for a table that has rows"]
  },
  "a sequence that is low": {
    sql: "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'issues'",
    gives: ["sqlite_sequence.seq is below the highest id of its table"]
  },
  "a sequence below a purge": {
    sql: "UPDATE sqlite_sequence SET seq = 5 WHERE name = 'events'",
    gives: ["sqlite_sequence.seq is below a reserved event id: the id could be given again"]
  },
  "a negative sequence": {
    sql: "DELETE FROM purge_log; UPDATE sqlite_sequence SET seq = -1 WHERE name = 'purge_log'",
    gives: ["sqlite_sequence.seq is below 0"]
  },
  "a sequence that is spent": {
    sql: "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'events'",
    gives: ["sqlite_sequence.seq is the highest number there is: no row can be added"]
  },
  "a sequence of no table": {
    sql: "INSERT INTO sqlite_sequence VALUES ('recurrences', 1)",
    gives: ["sqlite_sequence.seq is of a table that does not count"]
  },
  "a sequence twice": {
    sql: "INSERT INTO sqlite_sequence VALUES ('issues', 3)",
    gives: ["sqlite_sequence.seq is there more than once"]
  },

  // ---- values
  "times of Go": {
    sql: [
      `UPDATE projects SET created_at = ${go}, deleted_at = ${go} WHERE id = 2; DELETE FROM project_aliases WHERE id = 2`,
      `UPDATE project_aliases SET created_at = ${go}, last_seen_at = ${go}`,
      `UPDATE recurrences SET created_at = ${go}, updated_at = ${go}, deleted_at = ${go}`,
      `UPDATE issues SET created_at = ${go}, updated_at = ${go}, closed_at = ${go}, deleted_at = ${go} WHERE id = 2`,
      ...["comments", "issue_labels", "links", "events"].map((table) => `UPDATE ${table} SET created_at = ${go}`),
      `UPDATE import_mappings SET source_updated_at = ${go}, imported_at = ${go}`,
      `UPDATE purge_log SET purged_at = ${go}`
    ].join(";"),
    gives: [
      ...each("project.created_at project.deleted_at project_alias.created_at project_alias.last_seen_at", time),
      ...each("recurrence.created_at recurrence.updated_at recurrence.deleted_at", time),
      ...each("issue.created_at issue.updated_at issue.closed_at issue.deleted_at", time),
      ...each("issue_label.created_at link.created_at event.created_at purge_log.purged_at", time),
      ...each("comment.created_at import_mapping.source_updated_at", fineTime),
      `import_mapping.imported_at ${time}`
    ]
  },
  "a real number that is infinite, as a time": {
    sql: "UPDATE comments SET created_at = 9e999",
    gives: [`comment.created_at ${fineTime}`],
    after: [`comment.created_at ${fineTime}`]
  },
  "dates in other words": {
    sql: set("recurrences", 1, "dtstart = '20260105', next_occurrence_key = '2026-01-12 00:00:00 +0000 UTC'") +
      set("issues", 4, "occurrence_key = '2026-01-05T00:00:00Z'"),
    gives: each("recurrence.dtstart recurrence.next_occurrence_key issue.occurrence_key", day)
  },
  "uids of lower case": {
    sql:
      ["projects", "recurrences", "events", "purge_log"].map((table) => `UPDATE ${table} SET uid = lower(uid);`).join(
        ""
      ) + "UPDATE recurrences SET last_materialized_uid = lower(last_materialized_uid);" +
      set("issues", 5, "uid = lower(uid)"),
    gives: each(
      "project.uid recurrence.uid recurrence.last_materialized_uid issue.uid event.uid purge_log.uid",
      "is not a ULID in its canonical form"
    )
  },
  "uids of another length": {
    sql:
      ["projects", "recurrences", "events", "purge_log"].map((table) => `UPDATE ${table} SET uid = 'u'||id;`).join("") +
      set("issues", 5, "uid = 'a105'"),
    gives: [
      ...each("project.uid recurrence.uid issue.uid event.uid purge_log.uid", "does not have 26 characters"),
      ...each("project.uid recurrence.uid issue.uid event.uid purge_log.uid", "is not a ULID in its canonical form"),
      "issue.short_id is not the end of the uid"
    ]
  },
  "origins that are none": {
    sql: "UPDATE events SET origin_instance_uid = 'here'; UPDATE purge_log SET origin_instance_uid = 'here'",
    gives: [
      ...each("event.origin_instance_uid purge_log.origin_instance_uid", "does not have 26 characters"),
      ...each(
        "event.origin_instance_uid purge_log.origin_instance_uid",
        "is neither this instance nor a ULID in its canonical form"
      )
    ]
  },
  "origins of lower case": {
    sql: "UPDATE events SET origin_instance_uid = lower(origin_instance_uid);" +
      "UPDATE purge_log SET origin_instance_uid = lower(origin_instance_uid)",
    gives: each(
      "event.origin_instance_uid purge_log.origin_instance_uid",
      "is neither this instance nor a ULID in its canonical form"
    )
  },
  "revisions below 1": {
    sql: ["projects", "recurrences", "issues"].map((table) => set(table, 1, "revision = 0")).join(""),
    gives: each("project.revision recurrence.revision issue.revision", "is below 1, where counting begins")
  },
  "blank names and texts that are mended": {
    sql: ["recurrences", "issues", "comments", "links"].map((table) => `UPDATE ${table} SET author = ' ';`).join("") +
      "UPDATE issue_labels SET author = '';" + set("issues", 1, "title = '  '") + set("projects", 2, "name = ''") +
      "UPDATE events SET actor = ''; UPDATE purge_log SET actor = ''",
    gives: each(
      "project.name recurrence.author issue.title issue.author comment.author issue_label.author link.author event.actor purge_log.actor",
      "is blank"
    )
  },
  "blank texts that are not": {
    sql: set("project_aliases", 1, "root_path = ''") +
      set("project_aliases", 2, "alias_kind = 'git', alias_identity = ''") +
      set("comments", 1, "body = ''") + set("import_mappings", 1, "source = ' '") +
      set("import_mappings", 3, "object_type = 'issue', external_id = ''"),
    gives: each(
      "project_alias.alias_identity project_alias.root_path comment.body import_mapping.source import_mapping.external_id",
      "is blank"
    )
  },
  "JSON of another type": {
    sql: set("projects", 2, "metadata = '[1.50]'") + set("issues", 1, "metadata = '\"x\"'") +
      set("recurrences", 1, "template_metadata = '[]', template_labels = '\"chore\"'"),
    gives: [
      ...each(
        "project.metadata recurrence.template_metadata issue.metadata",
        "is not a JSON object of at most 1000 levels"
      ),
      "recurrence.template_labels is not a JSON array of at most 1000 levels"
    ]
  },
  "JSON that is too deep for SQLite": {
    text: (text) => text.replace("\"payload\":null", `"payload":${deep}`),
    gives: ["event.payload is not JSON of at most 1000 levels"]
  },
  "priorities out of range": {
    sql: set("issues", 1, "priority = 9") + set("recurrences", 1, "template_priority = -1"),
    gives: each("issue.priority recurrence.template_priority", "must be 0 to 4")
  },

  // ---- projects and aliases
  "a project with #": { sql: set("projects", 2, "name = 'C#'"), gives: ["project.name must not contain #"] },
  "names that are not printable": {
    sql: set("projects", 1, "name = ' app'") + set("projects", 2, "name = 'my'||char(8239)||'docs'"),
    gives: ["project.name has characters that are not printable, or blanks around it"]
  },
  "an area that is no text": {
    sql: set("projects", 2, "metadata = '{\"area\":1}'"),
    gives: ["project.metadata has under area what is not text"]
  },
  "keys twice": {
    sql: set("projects", 2, "metadata = '{\"a\":1,\"b\":2,\"a\":3}'") +
      set("issues", 1, "metadata = '{\"x\":[{\"a\":1,\"\\u0061\":2}]}'") +
      set("recurrences", 1, "template_metadata = '{\"a\":{\"b\":1,\"b\":1}}'") +
      set("recurrences", 1, "template_labels = '[{\"a\":1,\"a\":1}]'") +
      set("events", 3, "payload = '[{\"a\":1,\"a\":2}]'"),
    gives: each(
      "project.metadata recurrence.template_labels recurrence.template_metadata issue.metadata event.payload",
      "has a key twice: readers differ in which they take, and the newest Go kata can neither export nor upgrade the database"
    ).concat("recurrence.template_labels are not valid labels, sorted, each once"),
    after: ["recurrence.template_labels are not valid labels, sorted, each once"]
  },
  "half characters": {
    sql: set("projects", 2, "metadata = '{\"a\":\"\\ud83dx\"}'") +
      set("issues", 1, "metadata = '{\"\\uDC00\":1}'") +
      set(
        "recurrences",
        1,
        "template_metadata = '{\"a\":[\"\\ude00\\ud83d\"]}', template_labels = '[\"\\\\\\ud800\"]'"
      ) +
      set("events", 3, "payload = '\"\\ud83d\\ude00\\ud83d\"'"),
    gives: [
      "recurrence.template_labels are not valid labels, sorted, each once",
      ...each(
        "project.metadata recurrence.template_labels recurrence.template_metadata issue.metadata event.payload",
        "has half a character (a lone surrogate): the newest Go kata can neither export nor upgrade the database"
      )
    ]
  },
  "an alias of no kind": {
    sql: set("project_aliases", 2, "alias_kind = 'svn'"),
    gives: ["project_alias.alias_kind must be git or local"]
  },
  "aliases of another form": {
    sql: set("project_aliases", 1, "alias_identity = 'git@example:a b'") +
      set("project_aliases", 2, "alias_identity = '/d'"),
    gives: [
      "project_alias.alias_identity is neither host/path of a remote nor local:// and a path, as its kind wants it"
    ]
  },
  "an alias of an archived project": {
    sql: set("projects", 2, "deleted_at = created_at"),
    gives: ["project_alias.project_id is an archived project, which has no aliases"]
  },

  // ---- recurrences
  "no recurrence rule": {
    sql: set("recurrences", 1, "rrule = 'FREQ=WEEKLY;BYDAY='"),
    gives: [
      "recurrence.rrule is no recurrence rule that kata or Go kata reads: closing an issue of it makes no next one"
    ]
  },
  "no time zone": {
    sql: set("recurrences", 1, "timezone = 'Central European Time'"),
    gives: ["recurrence.timezone is not the name of a time zone"]
  },
  "a template without a title": {
    sql: set("recurrences", 1, "template_title = ' '"),
    gives: ["recurrence.template_title is blank: no issue can be made of it"]
  },
  "labels that no issue could have": {
    sql: set("recurrences", 1, "template_labels = '[\" Weekly\",\"a b\",\"weekly\",\"\"]'"),
    gives: ["recurrence.template_labels are not valid labels, sorted, each once"]
  },

  // ---- issues
  "a status that is none": { sql: set("issues", 1, "status = 'done'"), gives: ["issue.status must be open or closed"] },
  "a reason that is none": {
    sql: set("issues", 2, "closed_reason = 'enough'"),
    gives: ["issue.closed_reason must be done, wontfix, duplicate, superseded or audit-no-change"]
  },
  "closed and open": {
    sql: set("issues", 2, "status = 'open'"),
    gives: ["issue.status is not closed, although closed_at or closed_reason is set"]
  },
  "a short id that is too short": {
    sql: set("issues", 1, "short_id = '101'"),
    gives: ["issue.short_id does not have 4 to 26 characters"]
  },
  "a short id of other letters": {
    sql: set("issues", 1, "short_id = 'oil1'"),
    gives: each("issue.short_id", "must be digits and lower-case letters without i, l, o, u").concat(
      "issue.short_id is not the end of the uid"
    )
  },
  "a short id twice": {
    sql: set("issues", 5, `project_id = 1, short_id = 'a101', uid = '${uid(101).replace(/A/, "B")}'`),
    gives: ["issue.project_id, short_id is there more than once"]
  },
  "an occurrence without recurrence": {
    sql: set("issues", 4, "recurrence_id = NULL"),
    gives: ["issue.occurrence_key is set on an issue without recurrence; Go kata refuses to import it"]
  },
  "a recurrence without occurrence": {
    sql: set("issues", 4, "occurrence_key = NULL"),
    gives: ["issue.occurrence_key is missing on an issue of a recurrence; closing it makes no next one"]
  },
  "an occurrence twice": {
    sql: set("issues", 3, "recurrence_id = 1, occurrence_key = '2026-01-05'"),
    gives: [
      "issue.recurrence_id, occurrence_key is there more than once where recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL"
    ]
  },
  "a recurrence that is not there": {
    sql: "DELETE FROM recurrences",
    gives: ["issue.recurrence_id points at no row of recurrences"]
  },
  "an owner without a name": {
    sql: set("issues", 1, "owner = ''"),
    gives: ["issue.owner is empty; an issue of nobody has none"]
  },
  "reserved keys with other values": {
    sql: set("issues", 1, "metadata = '{\"scheduled_on\":\"2026-02-30\",\"deadline_on\":null,\"someday\":\"yes\"}'") +
      set(
        "issues",
        2,
        "metadata = '{\"timezone\":\"UTC+1 \",\"checklist\":[{\"id\":\"1\",\"text\":\"a\",\"done\":false}]}'"
      ),
    gives: [
      ...each("scheduled_on deadline_on", "what is not a date (YYYY-MM-DD)"),
      "someday what is neither true nor false",
      "checklist what is not a list of {id, text, done}",
      "timezone what is not the name of a time zone"
    ].map((says) => `issue.metadata has under ${says}`)
  },

  // ---- labels, links
  "labels that are too long": {
    sql: "UPDATE issue_labels SET label = replace(hex(zeroblob(40)), '0', 'a')",
    gives: ["issue_label.label does not have 1 to 64 characters"]
  },
  "labels of other letters": {
    sql: "UPDATE issue_labels SET label = 'A b'",
    gives: ["issue_label.label must be of a-z, 0-9, dot, underscore, colon and hyphen"]
  },
  "a link of no type": {
    sql: set("links", 3, "type = 'after'"),
    gives: ["link.type must be parent, blocks or related"]
  },
  "a link to itself": {
    sql: set("links", 3, `to_issue_id = 1, to_issue_uid = '${uid(101)}'`),
    gives: ["link.to_issue_id is the issue itself"]
  },
  "a link of the wrong order": {
    sql: set(
      "links",
      4,
      `from_issue_id = 4, from_issue_uid = '${uid(104)}', to_issue_id = 1, to_issue_uid = '${uid(101)}'`
    ),
    gives: ["link.from_issue_id must be the smaller id of a related link"]
  },
  "uids of a link that are none": {
    sql: set("links", 4, "from_issue_uid = 'a', to_issue_uid = 'b'"),
    gives: [
      ...each("link.from_issue_uid link.to_issue_uid", "does not have 26 characters"),
      ...each("link.from_issue_uid link.to_issue_uid", "is not the uid of the linked issue")
    ]
  },
  "a link into other projects": {
    sql: set("links", 4, "project_id = 2"),
    gives: each("link.from_issue_id link.to_issue_id", "is an issue of another project")
  },
  "two parents": {
    sql: set("links", 3, "type = 'parent', from_issue_id = 2, from_issue_uid = to_issue_uid") +
      set("links", 3, `from_issue_uid = '${uid(102)}'`),
    gives: ["link.from_issue_id is there more than once where type = 'parent'"],
    after: ["link.to_issue_id is an issue below the child: the parents go round in a circle"]
  },
  "parents in a circle": {
    sql: set("links", 3, "type = 'parent'"),
    gives: ["link.to_issue_id is an issue below the child: the parents go round in a circle"]
  },

  // ---- mappings
  "a mapping of nothing": {
    sql: set("import_mappings", 1, "object_type = 'thing'"),
    gives: ["import_mapping.object_type must be issue, comment, label or link"]
  },
  "mappings without what they map": {
    sql: set("import_mappings", 1, "issue_id = NULL") + set("import_mappings", 2, "comment_id = NULL") +
      set("import_mappings", 3, "label = NULL") + set("import_mappings", 4, "link_id = NULL"),
    gives: [
      "import_mapping.issue_id is missing",
      ...each("import_mapping.comment_id import_mapping.label import_mapping.link_id", "or issue_id is missing")
    ]
  },
  "mappings under another id": {
    sql: set("import_mappings", 3, "external_id = 'bd-1:bug'") + set("import_mappings", 4, "external_id = 'bd-1'"),
    gives: ["import_mapping.external_id is not made of the ids of what it maps: a second import would not find it"]
  },

  // ---- events and purges
  "events without the uids of their issues": {
    sql: set("events", 2, "issue_uid = NULL, related_issue_uid = NULL"),
    gives: each("event.issue_uid event.related_issue_uid", "is not the uid of the event's issue")
  },
  "cron that was never released": {
    sql: "INSERT INTO meta VALUES ('cron_state.a', '1')",
    gives: ["meta.key is of a cron that was never released: the newest Go kata does not upgrade the database"]
  },
  "events of no cron": {
    sql: set("events", 2, "type = 'cron.run.observed'") + set("events", 3, "type = 'cron.flow.created'"),
    gives: ["event.type begins like an event of cron and is none: the newest Go kata does not upgrade the database"]
  },
  "projects like that of newer kata": {
    sql: set("projects", 1, `uid = '${"0".repeat(26)}'`) + set("projects", 2, "name = '.kata-system'"),
    gives: [
      "project.name and the uid are not both those of newer Go kata's own project .kata-system, which it renames or refuses"
    ],
    after: [
      "project.name and the uid are not both those of newer Go kata's own project .kata-system, which it renames or refuses"
    ]
  },
  "payloads of another shape": {
    sql: set("events", 1, "payload = '[1]'") +
      set("events", 2, "type = 'issue.commented', payload = '{\"teammate\":\"a b\",\"comments\":[{}],\"a\":1e2}'") +
      set("events", 3, "type = 'issue.snapshot', payload = '{\"links\":[{}],\"comments\":[{\"teammate\":0}]}'"),
    gives: [
      "event.payload is no object, or has comments or links that are no list of objects, or a teammate that is no name: the newest Go kata does not upgrade the database"
    ]
  },
  "a mapping of a comment of another issue": {
    sql: set("import_mappings", 2, "issue_id = 2"),
    gives: ["import_mapping.comment_id is a comment of another issue: the newest Go kata does not upgrade the database"]
  },
  "an event that is none": {
    sql: set("events", 3, "type = 'sync.reset_required'"),
    gives: ["event.type is a message to a reader of the stream, and no event"]
  },
  "a purged short id that is none": {
    sql: set("purge_log", 1, "short_id = 'A1'"),
    gives: ["purge_log.short_id must be 4 to 26 digits and lower-case letters without i, l, o, u"]
  },
  "a purged short id that is used": {
    sql: set("purge_log", 1, "short_id = 'a101'"),
    gives: ["purge_log.short_id is that of an issue which is there: the short id of a purged issue was given again"]
  },
  "counts below 0": {
    sql: set("purge_log", 1, "comment_count = -1, link_count = -1, label_count = -1, event_count = -1"),
    gives: each(
      "purge_log.comment_count purge_log.link_count purge_log.label_count purge_log.event_count",
      "is below 0"
    )
  },
  "purged events that cannot be": {
    sql: set("purge_log", 1, "purge_reset_after_event_id = 5"),
    gives: ["purge_log.events_deleted_max_id does not go with the lowest deleted event and the id reserved after them"]
  },

  // ---- references
  "a project that is not there": {
    sql: "DELETE FROM projects WHERE id = 1",
    gives: each(
      "project_alias.project_id recurrence.project_id issue.project_id link.project_id import_mapping.project_id event.project_id",
      "points at no row of projects"
    )
  },
  "issues that are not there": {
    sql: "DELETE FROM issues WHERE id IN (1, 3)",
    gives: [
      ...each(
        "comment.issue_id issue_label.issue_id link.from_issue_id link.to_issue_id",
        "points at no row of issues"
      ),
      ...each("import_mapping.issue_id event.issue_id event.related_issue_id", "points at no row of issues")
    ]
  },
  "comments and links that are not there": {
    sql: "DELETE FROM comments; DELETE FROM links WHERE id = 3",
    gives: [
      "import_mapping.comment_id points at no row of comments",
      "import_mapping.link_id points at no row of links"
    ]
  },

  // ---- doubles
  "rows twice": {
    sql: "INSERT INTO meta SELECT key, 'again' FROM meta WHERE key = 'created_by_version';" +
      "INSERT INTO issue_labels SELECT * FROM issue_labels;" + [
      "projects",
      "project_aliases",
      "recurrences",
      "links",
      "import_mappings",
      "events",
      "purge_log"
    ].map((table) =>
      `CREATE TEMP TABLE x AS SELECT * FROM ${table} WHERE id = 1; UPDATE x SET id = 50; INSERT INTO ${table} SELECT * FROM x; DROP TABLE x;`
    )
      .join("") + "UPDATE sqlite_sequence SET seq = 60;" + set("links", 1, "type = 'blocks'") +
      set("links", 50, "type = 'blocks'") + set("projects", 50, "name = 'other'"),
    gives: each(
      "meta.key project.uid project_alias.alias_identity recurrence.uid link.from_issue_id, to_issue_id, type import_mapping.source, external_id, object_type, project_id event.uid purge_log.uid"
        .replaceAll(", ", ",\u00a0"),
      double
    ).map((title) => title.replaceAll("\u00a0", " ")).concat(`issue_label.issue_id, label ${double}`)
  },
  "issues twice": {
    sql: set("issues", 5, `uid = '${uid(101)}', short_id = 'a101'`),
    gives: [`issue.uid ${double}`]
  },
  "a name twice": { sql: set("projects", 2, "name = 'app'"), gives: [`project.name ${double}`] },

  // ---- the schema
  "no trigger, no index": {
    sound: true,
    sql: "DROP TRIGGER issues_au_fts; DROP INDEX idx_issues_owner",
    gives: ["schema lacks what version 10 has; a restore makes it"]
  },
  "another trigger of that name": {
    sound: true,
    sql: "DROP TRIGGER trg_issues_uid_immutable;" +
      "CREATE TRIGGER trg_issues_uid_immutable BEFORE UPDATE OF uid ON issues BEGIN SELECT RAISE(IGNORE); END",
    gives: ["schema says something else than version 10; a restore makes it as it should be"]
  },
  "a view and a trigger": {
    sound: true,
    sql: "CREATE VIEW v AS SELECT 1; CREATE TRIGGER t AFTER INSERT ON links BEGIN SELECT 1; END",
    gives: ["schema has a view, trigger or index that kata does not know; a restore does not make it"]
  },
  "a setting": {
    sound: true,
    sql: "PRAGMA user_version = 7",
    gives: ["schema has a setting that kata does not use; a snapshot does not carry it"]
  },
  "issues that cannot be found": {
    sound: true,
    sql: "INSERT INTO issues_fts(issues_fts) VALUES ('delete-all')",
    gives: ["schema has a search index that is out of date; a restore fills it anew"]
  }
}
