/** Where our command line does something else than the recorded one, case by case, and why. */
import type { Result } from "./scenario.ts"

export interface Difference {
  readonly why: string
  /** What ours does instead, normalised as the replay does. */
  readonly ours?: Partial<Result> | ((recorded: Result) => Partial<Result>)
  /** What ours is asked with instead, for the same result. */
  readonly asked?: (argv: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Not run: another test does, or it is no part of the contract. */
  readonly skip?: true
}

export interface Scenario {
  readonly throttle?: { readonly enabled: boolean; readonly window: number }
  /** The first that matches the name of a case. */
  readonly cases: ReadonlyArray<readonly [name: RegExp, difference: Difference]>
}

/** Both modes: `--json` has the message in its envelope. */
const error = (exit: number, kind: string, message: string, code?: string) => ({ stderr: recorded }: Result) => ({
  exit,
  stdout: "",
  stderr: typeof recorded === "string"
    ? `kata: ${message}\n`
    : {
      first: "error",
      json: { error: { kind, ...(code === undefined ? {} : { code }), message, exit_code: exit } }
    }
})

/** The recorded texts with some words in the place of others. */
const instead = (from: string, to: string, more: Partial<Result> = {}) => (recorded: Result) => ({
  ...(JSON.parse(
    JSON.stringify(recorded).replaceAll(JSON.stringify(from).slice(1, -1), JSON.stringify(to).slice(1, -1))
  ) as Result),
  ...more
})

const extraWord = (command: string): Difference => ({
  why: "a word that a command does not take is refused everywhere",
  ours: { exit: 2, stdout: "", stderr: `kata: unknown command "extra" for "kata ${command}"\n` }
})

const notGo = "the words of Go's parser are not ours"
const badRef: Difference = {
  why: notGo,
  ours: instead("shortid: invalid ref", "want a short_id (e.g. <example>), kata#<example> or a ULID")
}
const missingFile: Difference = {
  why: notGo,
  ours: (recorded) => {
    const name = /read (\S+):/.exec(JSON.stringify(recorded.stderr))?.[1] ?? ""
    return instead(`open ${name}: no such file or directory`, "no such file")(recorded)
  }
}
const visible: Difference = {
  why: "control characters are made visible, where Go takes them away",
  ours: (recorded) =>
    instead("bx\n", "b\\x1b[2Jx\n")({
      ...instead("Esc red and tab end", "Esc \\x1b[31mred\\x1b[0m and\\ttab \\u202eend")(recorded)
    })
}
/** What changes nothing says so, after or instead of the line. */
const noChange = (said: string, instead = false): Difference => ({
  why: "what changes nothing says so",
  ours: ({ stdout }) => ({ stdout: instead ? `${said}\n` : `${String(stdout).trimEnd()} ${said}\n` })
})
const aliasFirst = "a bare ref is looked for in the project of the workspace as every command finds it, by alias first"
const modeFirst = "the output mode is found wherever it stands on the line"

/** stdout is for results: why there is none goes to stderr. */
const emptySays = (said: string): Difference => ({
  why: "an empty list says why, and not on stdout",
  ours: { stdout: "", stderr: `${said}\n` }
})

const nothingOpen = "nothing is open; kata list --status all shows what is closed, too"

/** `close` refuses a command line as one, and an input as one; in May both were internal errors. */
const closeFlags = (exit: number, kind: string): Difference => ({
  why: "flags that contradict each other are a usage error, a missing reason is one of validation",
  ours: ({ stderr }) => ({
    exit,
    stderr: typeof stderr === "string"
      ? stderr
      : JSON.parse(
        JSON.stringify(stderr).replace("\"internal\"", `"${kind}"`).replace("\"exit_code\":1", `"exit_code":${exit}`)
      )
  })
})

interface Reused {
  readonly first: string
  readonly json: { readonly issue: { readonly short_id: string }; readonly original_event: object }
}

interface Searched {
  readonly first: string
  readonly json: { readonly results: ReadonlyArray<{ readonly issue: { readonly id: number } }> }
}

/** The uids have been numbered by what was printed before. */
const withUids = (stdout: unknown) => {
  const { first, json } = stdout as Searched
  const uids: Readonly<Record<number, string>> = { 1: "<ulid3>", 2: "<ulid5>" }
  const results = json.results.map((result) => ({
    ...result,
    issue: { ...result.issue, uid: uids[result.issue.id], project_uid: "<ulid4>" }
  }))
  return { first, json: { ...json, results } }
}

export const differences: Readonly<Record<string, Scenario>> = {
  "01-no-daemon": {
    cases: [
      [/^version$/, {
        why: "facts about the build",
        ours: { stdout: "kata 1.2.3\n  runtime: node 20.19.0\n  os/arch: linux/x64\n" }
      }],
      [/^version --json$/, {
        why: "facts about the build",
        ours: {
          stdout: {
            first: "kata_api_version",
            json: {
              kata_api_version: 1,
              agent_format: 1,
              arch: "x64",
              name: "kata",
              os: "linux",
              runtime: "node 20.19.0",
              version: "<version>"
            }
          }
        }
      }],
      [/^unknown command --json$/, {
        why: modeFirst,
        ours: {
          stderr: {
            first: "error",
            json: { error: { kind: "usage", message: "unknown command \"nosuch\" for \"kata\"", exit_code: 2 } }
          }
        }
      }],
      [/^unknown command with a near name --json$/, {
        why: modeFirst,
        ours: {
          stderr: {
            first: "error",
            json: { error: { kind: "usage", message: "unknown command \"lst\" for \"kata\"", exit_code: 2 } }
          }
        }
      }],
      [/^unknown flag, --json after$/, {
        why: modeFirst,
        ours: {
          stderr: {
            first: "error",
            json: { error: { kind: "usage", message: "unknown flag: --nosuch", exit_code: 2 } }
          }
        }
      }],
      [/^bad flag value$/, {
        why: notGo,
        ours: instead(
          "\"--limit\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
          "\"-n, --limit\" flag: want an integer"
        )
      }],
      [/^bad bool value$/, {
        why: notGo,
        ours: instead("strconv.ParseBool: parsing \"maybe\": invalid syntax", "want true or false")
      }],
      [/^-- before$/, {
        why: "a word that a command does not take is refused everywhere",
        ours: { exit: 2, stderr: "kata: unknown command \"--nosuch\" for \"kata list\"\n" }
      }],
      [/^delete -1/, { why: "the example names the command at hand", ours: instead("kata show --", "kata delete --") }],
      [/^(bad KATA_SERVER|KATA_SERVER by name over http|KATA_SERVER public address)$/, {
        why: "a setting that cannot be is one of validation",
        ours: { exit: 3 }
      }]
    ]
  },
  "02-init": {
    cases: [
      [/^show before init/, {
        why: aliasFirst,
        ours: error(4, "not_found", "alias github.com/acme/app is not registered", "project_not_initialized")
      }],
      [/^(list in a subdirectory|--workspace|--project)$/, emptySays(nothingOpen)],
      [/^init with extra word/, extraWord("init")],
      [/^broken .kata.toml/, {
        why: notGo,
        ours: instead(
          "toml: line 3: expected '.' or ']' to end table name, but got '\\n' instead",
          "line 2: Invalid TOML document: illegal character in key"
        )
      }],
      [/^--workspace missing$/, {
        why: notGo,
        ours: { stderr: "kata: stat <root>/none: no such file or directory\n" }
      }]
    ]
  },
  "03-issues": {
    cases: [
      [/^create label empty/, {
        why: "an empty label is refused, as a blank one is (blank.test.ts); what follows knows the issue",
        asked: (argv) => argv.slice(0, argv.indexOf("--label"))
      }],
      [/^create with key again$/, noChange("(reused; nothing changed)")],
      [/control characters|^list( quiet| --status all)?$|escape sequences$/, visible],
      [/^create priority x/, {
        why: notGo,
        ours: instead("strconv.ParseInt: parsing \"x\": invalid syntax", "want an integer")
      }],
      [/^create body file missing/, missingFile],
      [/^create with key again --json$/, {
        why: "the original event names its issue as every other event does",
        ours: ({ stdout }) => {
          const { first, json } = stdout as Reused
          const { short_id } = json.issue
          return {
            stdout: { first, json: { ...json, original_event: { ...json.original_event, issue_short_id: short_id } } }
          }
        }
      }],
      [/^list --limit 2$/, {
        why: "a page says how many there are",
        ours: { stderr: "2 of 13; -n 0 shows all\n" }
      }],
      [/^list, none$/, emptySays(nothingOpen)],
      [/^ready, none$/, emptySays("nothing is ready: no issue is open")],
      [/^search, none$/, emptySays("no issue has all of these words")],
      [/^list --status closed$/, emptySays("no issue is closed")],
      [/^list --limit 0/, { why: "0 is all, as of ready (test/cli/tables.test.ts)", skip: true }],
      [/^list --limit -1/, {
        why: "0 is all",
        ours: instead("--limit must be a positive integer", "--limit must be non-negative")
      }],
      [/^list extra word$/, extraWord("list")],
      [/^show (bad ref|upper case|empty|three letters|# only|project#)/, badRef]
    ]
  },
  "04-edit": {
    cases: [
      [/^events$/, {
        why: "the last 20",
        ours: ({ stdout }) => ({ stdout: `${String(stdout).trimEnd().split("\n").slice(-20).join("\n")}\n` })
      }],
      [/^edit same title$/, noChange("(no changes applied)")],
      [/^events --tail/, { why: "test/process/ledger.test.ts stops it by a signal", skip: true }],
      [/^comment file missing/, missingFile],
      [/^label remove is no word$/, {
        why: "an unknown word of a group is refused",
        ours: { exit: 2, stdout: "", stderr: "kata: unknown command \"remove\" for \"kata label\"\n" }
      }]
    ]
  },
  "05-close": {
    cases: [
      [
        /^close again$/,
        noChange(
          "<sid1> was closed as done by alice, <T>; nothing changed, your message is not recorded (kata comment <sid1> adds it)",
          true
        )
      ],
      [/^reopen again$/, noChange("<sid1> is open; nothing changed", true)],
      [/^show closed$/, {
        why: "what an issue was closed with is shown",
        ours: ({ stdout }) => ({
          stdout: `${String(stdout)}\nClosed as done by alice, <T>\n` +
            "  Implemented the thing and verified it with the complete test suite.\n  test: make check\n"
        })
      }],
      [/^close without reason/, closeFlags(3, "validation")],
      [/^close empty duplicate-of/, {
        why: "an empty value is none, for every flag",
        ours: error(3, "validation", "--duplicate-of must not be empty")
      }],
      [
        /^close (two reasons|reason and flag|bad evidence|unknown evidence type|duplicate evidence)/,
        closeFlags(2, "usage")
      ]
    ]
  },
  "06-throttle": { throttle: { enabled: true, window: 300_000 }, cases: [] },
  "07-search-ready": {
    cases: [
      [/^search nothing$/, emptySays("no issue has all of these words")],
      [/^search (one word|two words|limit) --json$/, {
        why: "a found issue has its uid and its project's, which Go leaves out",
        ours: (recorded) => ({ stdout: withUids(recorded.stdout) })
      }]
    ]
  },
  "08-projects": {
    cases: [
      [/^merge$/, {
        why: "what cannot be undone is confirmed",
        asked: (argv) => [...argv, "--confirm", "MERGE library"]
      }],
      [/^rename to taken/, {
        why: "a name that is taken is a conflict, not an internal error with the text of SQLite",
        ours: error(5, "conflict", "another project has the name app", "project_name_taken")
      }],
      [/^show by stale name$/, {
        why: aliasFirst,
        ours: { exit: 0, stdout: "<sid1>  App issue  [open]  by alice\n", stderr: "" }
      }]
    ]
  },
  "09-delete": {
    cases: [
      [/^restore again$/, noChange("<sid1> is not deleted; nothing changed", true)],
      [/^events after purge/, {
        why: "who has no cursor is shown what there is",
        ours: ({ stdout }) =>
          typeof stdout === "string"
            ? { stdout: "", stderr: "note: 3 issues were purged; their events are gone\n" }
            : {
              stdout: {
                first: "kata_api_version",
                json: { kata_api_version: 1, reset_required: false, events: [], next_after_id: 11, purged: 3 }
              }
            }
      }]
    ]
  }
}
