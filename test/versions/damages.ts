/**
 * Ways in which a file is damaged or edited, of any version: the hostile table of version 10, for the exports of the others. `0`: taken, and
 * the same comes out; `3`: refused; `8`: damaged. `says` is part of the message.
 */
import { gzipSync } from "node:zlib"
import * as kit from "../snapshot/kit.ts"

type Bytes = Uint8Array | string
export type Damage = readonly [what: string, change: (text: string) => Bytes, exit: 0 | 3 | 8, says?: string]

const first = (text: string, kind: string): number =>
  kit.lines(text).findIndex((line) => line.startsWith(`{"kind":"${kind}"`))

/** With another line in the place of the first one of a kind. */
const edited = (kind: string, change: (line: string) => string) => (text: string): string => {
  const lines = [...kit.lines(text)]
  const at = first(text, kind)
  lines[at] = change(lines[at] ?? "")
  return `${lines.join("\n")}\n`
}
const put = (kind: string, from: string | RegExp, to: string) =>
  edited(kind, (line) => {
    const changed = line.replace(from, () => to)
    if (changed === line) throw new Error(`nothing to replace in ${line}`)
    return changed
  })
const without = (kind: string) => (text: string) =>
  `${kit.lines(text).filter((line) => !line.startsWith(`{"kind":"${kind}"`)).join("\n")}\n`
const before = (kind: string, what: (text: string) => string) => (text: string) => {
  const lines = kit.lines(text)
  const at = first(text, kind)
  return `${[...lines.slice(0, at), what(text), ...lines.slice(at)].join("\n")}\n`
}
const middle = (text: string) => Math.floor(text.length / 2)
const deep = (n: number) => "[".repeat(n) + "]".repeat(n)
const title = /"title":"(?:[^"\\]|\\.)*"/
const payload =
  /"payload":[^]*?(?=(?:,"hlc_physical_ms":\d+,"hlc_counter":\d+,"content_hash":"\w+")?,"created_at":"[^"]*"\}\}$)/
const gz = (text: string) => gzipSync(text)

const files: ReadonlyArray<Damage> = [
  ["whole", (text) => text, 0],
  ["cut behind the first line", (text) => text.slice(0, text.indexOf("\n") + 1), 3, "schema_version: value must be 10"],
  ["cut before the sequences", without("sqlite_sequence"), 8, "but no sqlite_sequence record for it"],
  [
    "cut behind a line in the middle",
    (text) => text.slice(0, text.indexOf("\n", middle(text)) + 1),
    8,
    "but no sqlite_sequence record for it"
  ],
  ["cut within a line", (text) => text.slice(0, text.lastIndexOf("}") - 5), 8, "is not JSON"],
  ["cut before the last line end", (text) => text.slice(0, -1), 8, "has no line end: the file was cut"],
  ["with zeros behind it", (text) => `${text}${"\0".repeat(4096)}`, 8, "is not JSON"],
  [
    "with zeros in the middle",
    (text) => `${text.slice(0, middle(text))}${"\0".repeat(64)}${text.slice(middle(text) + 64)}`,
    8
  ],
  [
    "with a byte that is no UTF-8",
    (text) => {
      const bytes = Buffer.from(text)
      bytes[bytes.indexOf("\"title\":\"") + 9] = 0xff
      return bytes
    },
    8,
    "is not UTF-8"
  ],
  ["without its first line", (text) => text.slice(text.indexOf("\n") + 1), 3, "is not the export_version"],
  [
    "without its last sequence",
    (text) => `${kit.lines(text).slice(0, -1).join("\n")}\n`,
    8,
    "no sqlite_sequence record"
  ],
  ["twice", (text) => text + text, 3, "records must be in the order of their kinds"],
  ["with a byte order mark", (text) => `\ufeff${text}`, 8, "begins with a byte order mark"],
  ["as UTF-16", (text) => Buffer.from(text, "utf16le"), 8],
  ["with CRLF", (text) => text.replaceAll("\n", "\r\n"), 0],
  ["with blank lines", (text) => text.replaceAll("\n", "\n\n"), 0],
  [
    "with blanks in its lines",
    (text) => text.replaceAll("{\"kind\":", " { \"kind\" : ").replaceAll("}}\n", "} } \n"),
    0
  ],
  ["compressed", gz, 0],
  ["compressed and cut", (text) => gz(text).subarray(0, 400), 8, "the compressed data stops before its end"],
  [
    "compressed, with a bit flipped",
    (text) => {
      const bytes = gz(text)
      bytes[bytes.length - 6]! ^= 0x10
      return bytes
    },
    8,
    "the compressed data is damaged"
  ]
]

const records: ReadonlyArray<Damage> = [
  [
    "another version in its meta",
    (text) => text.replace(/("schema_version","value":)"\d+"/, "$1\"13\""),
    3,
    "but the file is of version"
  ],
  ["a line that is no JSON", before("issue", () => "{\"kind\":"), 8, "is not JSON"],
  ["an array as a line", before("issue", () => "[1,2]"), 3, "is not a JSON object"],
  ["a kind that nobody knows", before("issue", () => "{\"kind\":\"__proto__\",\"data\":{}}"), 3, "is of a kind that"],
  [
    "a kind of version 10",
    before("issue", () => "{\"kind\":\"recurrence\",\"data\":{}}"),
    3,
    "is of a kind that kata of this version does not know"
  ],
  [
    "a project behind the issues",
    (text) => before("comment", (text) => kit.lines(text)[first(text, "project")] ?? "")(text),
    3,
    "comes after a issue"
  ],
  [
    "a field that nobody knows",
    put("issue", "{\"id\":", "{\"constructor\":1,\"id\":"),
    3,
    "issue: constructor is a field"
  ],
  ["a field twice", put("issue", title, "\"title\":\"a\",\"t\\u0069tle\":\"b\""), 3, "issue: title stands there twice"],
  ["a field in capitals", put("issue", "\"title\":", "\"Title\":"), 3, "issue: Title is a field"],
  ["a field that is missing", put("issue", /"body":"(?:[^"\\]|\\.)*",/, ""), 3, "issue: body is missing"],
  ["null for a text", put("issue", title, "\"title\":null"), 3, "issue: title must not be null"],
  ["a number for a text", put("issue", title, "\"title\":5"), 3, "issue: title is not a string: 5"],
  ["a lone surrogate", put("issue", title, "\"title\":\"\\ud800\""), 3, "title is not Unicode text (a lone surrogate)"],
  ["a fraction as an id", put("issue", /"id":\d+/, "\"id\":1.0"), 3, "issue: id is not a 64-bit integer: 1.0"],
  ["2^63 as an id", put("comment", /"id":\d+/, "\"id\":9223372036854775808"), 3, "comment: id is not a 64-bit integer"],
  ["a blank title", put("issue", title, "\"title\":\" \""), 3, "title is blank"],
  ["an issue of no project", put("issue", /"project_id":\d+/, "\"project_id\":999"), 3, "points at no row of projects"],
  ["a comment of no issue", put("comment", /"issue_id":\d+/, "\"issue_id\":999"), 3, "points at no row of issues"],
  ["a link to no issue", put("link", /"to_issue_id":\d+/, "\"to_issue_id\":999"), 3, "link"],
  ["an event of no issue", put("event", /"issue_id":\d+/, "\"issue_id\":999"), 3, "points at no row of issues"],
  [
    "a reason that there is not",
    put("issue", /"closed_reason":(?:null|"\w+")/, "\"closed_reason\":\"x\""),
    3,
    "closed_reason"
  ],
  [
    "the same issue twice",
    before("issue", (text) => kit.lines(text)[first(text, "issue")] ?? ""),
    3,
    "is there more than once"
  ],
  [
    "the name of a project with a #",
    put("project", /"name":"[^"]*"/, "\"name\":\"C# tools\""),
    3,
    "name must not contain #"
  ],
  [
    "10,000 levels in a payload",
    put("event", payload, `"payload":${deep(10_000)}`),
    3,
    "payload is not JSON of at most 1000 levels"
  ],
  ["a payload that is almost JSON", put("event", payload, `"payload":[${"1,".repeat(1000)}x]`), 8, "is not JSON"],
  ["1 MiB of digits in a payload", put("event", payload, `"payload":{"to_number":${"7".repeat(2 ** 20)}}`), 0],
  ["a title of 1 MiB", put("issue", title, `"title":"${"x".repeat(2 ** 20)}"`), 0],
  [
    "a time that SQLite would make another one of",
    put("comment", /"created_at":"[^"]*"/, "\"created_at\":\"0012\""),
    3,
    "which SQLite would keep as 12"
  ]
]

export const damages = { files, records }
