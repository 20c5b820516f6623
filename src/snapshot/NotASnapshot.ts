/** Files that people take for a snapshot: what each is, and how it becomes one. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

const forms = {
  database: [
    "damaged",
    "is a SQLite database, not a snapshot",
    "kata export writes a snapshot of the database that KATA_DB names"
  ],
  pretty: [
    "damaged",
    "is JSON over several lines, where a snapshot has a record in each",
    "put each record on a line again: jq -c . FILE > snapshot.jsonl"
  ],
  array: [
    "validation",
    "is a JSON array, where a snapshot has a record in each line and nothing around them",
    "take the records out of it: jq -c '.[]' FILE > snapshot.jsonl"
  ],
  beads: [
    "validation",
    "is an export of Beads, not a snapshot of kata",
    "this version imports snapshots of kata only; import it with Go kata, and export that"
  ],
  conflict: [
    "damaged",
    "is a mark of git: two versions of the file were merged, and the conflict is not resolved",
    "take one side whole: git checkout --ours FILE, or --theirs; kata import --salvage takes the lines of both"
  ],
  lfs: ["damaged", "is a pointer of git-lfs, not the file that it stands for", "fetch the file: git lfs pull"],
  utf16: [
    "damaged",
    "is text in UTF-16, as a redirection of PowerShell writes it",
    "make UTF-8 of it: iconv -f UTF-16 -t UTF-8 FILE > snapshot.jsonl"
  ],
  zstd: ["damaged", "is compressed with zstd; kata reads gzip", "unpack it first: zstd -d FILE"],
  xz: ["damaged", "is compressed with xz; kata reads gzip", "unpack it first: xz -dk FILE"],
  bzip2: ["damaged", "is compressed with bzip2; kata reads gzip", "unpack it first: bzip2 -dk FILE"],
  zip: ["damaged", "is a zip archive", "unpack it first: unzip FILE"]
} as const satisfies Record<string, readonly [FailureKind, string, string]>

export type Form = keyof typeof forms

/** The file, or a line of it, is something else, and no damage. */
export class NotASnapshot extends Schema.TaggedError<NotASnapshot>()("NotASnapshot", {
  file: Schema.String,
  /** The line that shows it; 0 when the whole file does. */
  line: Schema.Int,
  form: Schema.Literal(...Object.keys(forms) as [Form, ...Array<Form>])
}) {
  get kind(): FailureKind {
    return forms[this.form][0]
  }
  override get message() {
    return `${this.file}: ${this.line === 0 ? "" : `line ${this.line} `}${forms[this.form][1]}`
  }
  get hint() {
    return `nothing was changed; ${forms[this.form][2]}`
  }
}

const beginnings: ReadonlyArray<readonly [RegExp, Form]> = [
  [/^53514c69746520666f726d6174203300/, "database"],
  [/^(?:fffe|feff)/, "utf16"],
  [/^28b52ffd/, "zstd"],
  [/^fd377a585a00/, "xz"],
  [/^425a68[3-9]/, "bzip2"],
  [/^504b0304/, "zip"]
]

/** What a file is that begins with these bytes, when it is no text of ours. */
export const noText = (file: string, head: Uint8Array): NotASnapshot | undefined => {
  const hex = Buffer.from(head.subarray(0, 16)).toString("hex")
  const [, form] = beginnings.find(([pattern]) => pattern.test(hex)) ?? []
  return form === undefined ? undefined : new NotASnapshot({ file, line: 0, form })
}

/** Whether git put this line into a file that it could not merge. No JSON begins so. */
const isConflictMark = (line: string): boolean => /^(?:<{7}|\|{7}|>{7})(?: |$)|^={7}$/.test(line)

const objectIn = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** What a file is whose first line that is not empty is this one, and is no record. */
const formOfLine = (line: string): Form | undefined => {
  if (/^\[\s*(?:[{[\]]|$)/.test(line)) return "array"
  if (line.startsWith("version https://git-lfs")) return "lfs"
  const value = Option.getOrUndefined(objectIn(line))
  // The first line of an object that goes on in the next.
  if (value === undefined) return /^\{(?:\s*"[^"]*"\s*:\s*(?:\{|\[|"[^"]*",?)?)?$/.test(line) ? "pretty" : undefined
  if (typeof value !== "object" || value === null || "kind" in value) return undefined
  const has = (...keys: ReadonlyArray<string>) => keys.every((key) => key in value)
  return has("id", "title", "status") || has("_type", "id") ? "beads" : undefined
}

/**
 * What a file is in which this line, which is no record, stands there. `place`: it is the first of several, the only one (which may be one that
 * was cut), or another.
 */
export const noSnapshot = (
  file: string,
  text: string,
  line: number,
  place: "first" | "only" | "other"
): NotASnapshot | undefined => {
  if (isConflictMark(text)) return new NotASnapshot({ file, line, form: "conflict" })
  const found = place === "other" ? undefined : formOfLine(text)
  const form = found === "pretty" && place === "only" ? undefined : found
  return form === undefined ? undefined : new NotASnapshot({ file, line: 0, form })
}
