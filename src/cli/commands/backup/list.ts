import { listBackups, ListReport } from "../../../backup/Backup.ts"
import { sizeWords } from "../../../files/sizeWords.ts"
import { agentRow, row, toOption, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

const others = (n: number): ReadonlyArray<string> =>
  n === 0 ? [] : [`${plural(n, "other file")}, never counted and never removed`]

const format = Output.report(ListReport, {
  human: ({ backups, bytes, directory, unmanaged }) => [
    backups.length === 0
      ? `${directory} has no backup`
      : `${plural(backups.length, "backup")} in ${directory}, ${sizeWords(bytes)}, the newest first`,
    ...backups.flatMap(row),
    ...others(unmanaged)
  ],
  agent: ({ backups, bytes, directory, unmanaged }) => [
    `OK backup list directory=${quote(directory)} backups=${backups.length} bytes=${bytes} unmanaged=${unmanaged}`,
    ...backups.map(agentRow)
  ],
  quiet: ({ backups }) => backups.flatMap(row)
})

export const list = Output.command(
  "list",
  { to: toOption },
  format,
  ({ to }) => withBackups(to, ({ where }) => listBackups(where)),
  {
    description:
      "The backups by their names: when, how far, how many events more than the one before, and whether somebody has read it to its end. " +
      "None is read for this.",
    examples: [["kata backup list", ""]]
  }
)
