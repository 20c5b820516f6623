import { initBackups, InitReport } from "../../../backup/Backup.ts"
import { toOption, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { quote } from "../../terminal.ts"

const format = Output.report(InitReport, {
  human: ({ directory, made }) => [
    made ? `${directory} is a directory of backups now` : `${directory} is a directory of backups, and known now`
  ],
  agent: ({ directory, id, made }) => [`OK backup init directory=${quote(directory)} id=${id} made=${made}`]
})

export const init = Output.command(
  "init",
  { to: toOption },
  format,
  ({ to }) => withBackups(to, ({ where }) => initBackups(where)),
  {
    description:
      "Make a directory one of backups, by a file in it that says what it is and how to restore without kata. The directory in KATA_HOME is made " +
      "by the first run; another one only by this, so that a disk that is not mounted does not become a new and empty directory in which all " +
      "seems to be well. Once kata knows a directory, another one at its path is refused (4) until this command says that it is meant.",
    examples: [
      ["kata backup init --to /mnt/disk/kata", "on another disk"],
      ["kata backup init", "the usual directory, in KATA_HOME"]
    ]
  }
)
