/**
 * What version 10 can hold and the newest Go kata does not take: it neither exports nor upgrades a database with such a row. (Double keys
 * and halves of characters are asked for in metadataRules.ts, names of projects in kinds.ts.)
 */
import { isDistinct, renamed } from "./json.ts"
import { isObject, isText, parsed } from "./metadataRules.ts"
import * as Mend from "./repairs.ts"
import { pair, type Rule, soft } from "./Rule.ts"
import { systemProject } from "./systemProject.ts"
import { beginning } from "./vocabulary.ts"

const stops = "the newest Go kata does not upgrade the database"

// ---- words that newer Go kata keeps for itself ------------------------------------------------------------------------

export const cronState: Rule = soft(
  "key",
  "cron state",
  beginning("cron_state.", [], `is of a cron that was never released: ${stops}`),
  Mend.drop
)

const cron = "cron."
const definitions = ["created", "updated", "deleted", "restored", "snapshot"]
const cronTypes = [
  ...definitions.flatMap((what) => [`cron.job.${what}`, `cron.workflow.${what}`]),
  "cron.run.observed",
  "cron.run.snapshot"
]

export const system: Rule = pair({
  rule: "system project",
  field: "name",
  says:
    `and the uid are not both those of newer Go kata's own project ${systemProject.name}, which it renames or refuses`,
  holds: `(uid = '${systemProject.uid}') = (name = '${systemProject.name}')`,
  reads: ["uid", "name"],
  keeps: (uid, name) => (uid === systemProject.uid) === (name === systemProject.name),
  repair: Mend.systemName(systemProject)
})

// ---- payloads that it reads -------------------------------------------------------------------------------------------

const types = ["issue.created", "issue.commented", "issue.snapshot"]
const lists = ["comments", "links"] as const

const handle = /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$/
const isTeammate = (value: unknown) => value === undefined || value === null || (isText(value) && handle.test(value))
const isMember = (value: unknown) => isObject(value) && isTeammate(value["teammate"])

/** The members of a payload that are not what newer Go kata reads there. */
const wrong = (payload: { readonly [key: string]: unknown }): ReadonlyArray<string> => [
  ...lists.filter((key) => {
    const value = payload[key] ?? []
    return !Array.isArray(value) || !value.every(isMember)
  }),
  ...(isTeammate(payload["teammate"]) ? [] : ["teammate"])
]

const keptOrNone = (value: string, type: string, cases: string) =>
  `CASE ifnull(${type},'null') WHEN 'null' THEN 1 ${cases} ELSE 0 END`.replaceAll("@", value)

/** The teammate of the object `x`, which may have none. */
const teammate = (x: string) =>
  keptOrNone(
    `json_extract(${x},'$.teammate')`,
    `json_type(${x},'$.teammate')`,
    "WHEN 'text' THEN @ = '' OR (@ GLOB '[A-Za-z0-9]*' AND @ NOT GLOB '*[^A-Za-z0-9._-]*' AND octet_length(@) <= 64 AND NOT instr(@,char(0)))"
  )
const list = (key: string) =>
  keptOrNone(
    `payload,'$.${key}'`,
    `json_type(payload,'$.${key}')`,
    `WHEN 'array' THEN NOT EXISTS (SELECT 1 FROM json_each(@) e WHERE CASE WHEN e.type <> 'object' THEN 1 ELSE NOT (${
      teammate("e.value")
    }) END)`
  )

/** An object without what is asked about; a key may be spelled with escapes. */
const isPlain = (raw: string) =>
  raw.startsWith("{") && !["\"comments\"", "\"links\"", "\"teammate\"", "\\u"].some((word) => raw.includes(word))

export const payloadShape: Rule = pair({
  rule: "payload",
  field: "payload",
  says: `is no object, or has comments or links that are no list of objects, or a teammate that is no name: ${stops}`,
  holds: `CASE WHEN type NOT IN (${types.map((type) => `'${type}'`).join(",")}) OR NOT json_valid(payload) THEN 1 ` +
    `WHEN json_type(payload) <> 'object' THEN 0 ELSE ${[...lists.map(list), teammate("payload")].join(" AND ")} END`,
  reads: ["type", "payload"],
  keeps: (type = "", raw = "") => {
    if (type.startsWith(cron)) return cronTypes.includes(type)
    if (!types.includes(type) || isPlain(raw)) return true
    const value = parsed(raw)
    return isObject(value) && wrong(value).length === 0 && isDistinct(raw) === true
  },
  repair: (record, around) => {
    const payload = String(record["payload"])
    const value: unknown = JSON.parse(payload)
    return isObject(value)
      ? Mend.set(() => ({ payload: renamed(payload, wrong(value)) }))(record, around)
      : Mend.intoObject("payload")(record, around)
  }
})

/** One look at type and payload answers for both. */
export const cronType: Rule = {
  ...soft(
    "type",
    "cron type",
    beginning(cron, cronTypes, `begins like an event of cron and is none: ${stops}`)
  ),
  evidence: payloadShape.evidence
}
