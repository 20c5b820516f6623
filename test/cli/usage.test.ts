import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { kata } from "./kit.ts"

// Recorded from the Go program, but for the commands that had to be renamed.
const recorded: ReadonlyArray<readonly [argv: ReadonlyArray<string>, stderr: string]> = [
  [["nosuch"], "kata: unknown command \"nosuch\" for \"kata\"\n"],
  [["lst"], "kata: unknown command \"lst\" for \"kata\"\n\nDid you mean this?\n\tlist\n\n"],
  [["list", "--nosuch"], "kata: unknown flag: --nosuch\n"],
  [
    ["--json", "list", "--nosuch"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"unknown flag: --nosuch\",\"exit_code\":2}}\n"
  ],
  [["list", "-z"], "kata: unknown shorthand flag: 'z' in -z\n"],
  [["list", "--status"], "kata: flag needs an argument: --status\n"],
  [["whoami", "x"], "kata: unknown command \"x\" for \"kata whoami\"\n"],
  [
    ["--json", "whoami", "x"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"unknown command \\\"x\\\" for \\\"kata whoami\\\"\",\"exit_code\":2}}\n"
  ],
  [["version", "x"], "kata: unknown command \"x\" for \"kata version\"\n"],
  [["show"], "kata: accepts 1 arg(s), received 0\n"],
  [
    ["--json", "show"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"accepts 1 arg(s), received 0\",\"exit_code\":2}}\n"
  ],
  [["show", "a", "b"], "kata: accepts 1 arg(s), received 2\n"],
  [
    ["show", "-1"],
    "kata: negative numbers in positional args need the `--` separator (e.g. `kata show -- -1`)\n"
  ],
  [
    ["--json", "show", "-1"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"negative numbers in positional args need the `--` separator " +
    "(e.g. `kata show -- -1`)\",\"exit_code\":2}}\n"
  ],
  [["search"], "kata: requires at least 1 arg(s), only received 0\n"],
  [["assign", "abcd"], "kata: accepts 2 arg(s), received 1\n"],
  [["label", "add", "abcd"], "kata: accepts 2 arg(s), received 1\n"]
]

// Where ours differs on purpose, or the Go program has nothing to compare with.
const ours: ReadonlyArray<readonly [argv: ReadonlyArray<string>, stderr: string]> = [
  [["label", "nosuch"], "kata: unknown command \"nosuch\" for \"kata label\"\n"],
  [["List"], "kata: unknown command \"List\" for \"kata\"\n\nDid you mean this?\n\tlist\n\n"],
  [[""], "kata: unknown command \"\" for \"kata\"\n"],
  [["--", "list"], "kata: unknown command \"list\" for \"kata\"\n\nDid you mean this?\n\tlist\n\n"],
  [["--nosuch"], "kata: unknown flag: --nosuch\n"],
  [["--nosuch", "list"], "kata: unknown flag: --nosuch\n"],
  [["list", "--lable=x"], "kata: unknown flag: --lable\n\nDid you mean this?\n\t--label\n\n"],
  [["list", "-fz"], "kata: unknown shorthand flag: 'z' in -fz\n"],
  [["list", "-n"], "kata: flag needs an argument: 'n' in -n\n"],
  [["list", "--limit", "x"], "kata: invalid argument \"x\" for \"-n, --limit\" flag: want an integer\n"],
  [["list", "--limit="], "kata: invalid argument \"\" for \"-n, --limit\" flag: want an integer\n"],
  [
    ["list", "--limit=99999999999999999"],
    "kata: invalid argument \"99999999999999999\" for \"-n, --limit\" flag: want an integer\n"
  ],
  [["list", "--json=maybe"], "kata: invalid argument \"maybe\" for \"--json\" flag: want true or false\n"],
  [
    ["list", "--force=constructor"],
    "kata: invalid argument \"constructor\" for \"-f, --force\" flag: want true or false\n"
  ],
  [["search", "--kind", "bug", "x"], "kata: invalid argument \"bug\" for \"--kind\" flag: want issue or comment\n"],
  [["export"], "kata: required flag(s) \"--output\" not set\n"],
  [["list", "--format", "xml"], "kata: unsupported output format \"xml\" (want human, json, or agent)\n"],
  [
    ["import", "--format", "beads"],
    "kata: unsupported output format \"beads\" (want human, json, or agent)\n" +
    "hint: use --source-format beads; --format now controls output mode\n"
  ],
  [["list", "--agent", "--json"], "kata: conflicting output modes\n"],
  [["list", "--json", "--format", "human"], "kata: conflicting output modes\n"],
  [["completion", "tcsh"], "kata: unsupported shell \"tcsh\" (want bash, zsh, or fish)\n"],
  // The mode is found wherever it stands.
  [
    ["nosuch", "--json"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"unknown command \\\"nosuch\\\" for \\\"kata\\\"\",\"exit_code\":2}}\n"
  ],
  [
    ["list", "--nosuch", "--format=json"],
    "{\"error\":{\"kind\":\"usage\",\"message\":\"unknown flag: --nosuch\",\"exit_code\":2}}\n"
  ],
  [["--agent", "crete"], "ERR kata usage: unknown command \"crete\" for \"kata\"\nExit-Code: 2\n"],
  [
    ["--agent", "lst"],
    "ERR kata usage: unknown command \"lst\" for \"kata\"\nHint: did you mean list?\nExit-Code: 2\n"
  ],
  [["list", "--status", "--json", "--nosuch"], "kata: unknown flag: --nosuch\n"],
  [["a\u001b[2J\n"], "kata: unknown command \"a\\u001b[2J\\n\" for \"kata\"\n"]
]

/** Said by ours only, and tested below. */
const usageHint = /hint: (?:kata\b.* --help |text that )[^\n]*\n|Hint: kata\b.* --help [^\n]*\n|,"hint":"[^"]*"/

describe("a command line that cannot be run: exit 2, one report on stderr", () => {
  it.effect.each([...recorded, ...ours])(
    "%j",
    ([argv, wanted]) =>
      Effect.map(
        kata(argv),
        ({ stderr, ...rest }) =>
          expect({ ...rest, stderr: stderr.replace(usageHint, "") }).toEqual({ exit: 2, stdout: "", stderr: wanted })
      )
  )
})

describe("says how the command is written", () => {
  const table: ReadonlyArray<readonly [argv: ReadonlyArray<string>, hint: string]> = [
    [["nosuch"], "kata --help lists the commands"],
    [["label", "9xk2", "bug"], "kata label --help lists the commands"],
    [["show"], "kata show <ref>; kata show --help says more"],
    [["show", "a", "b"], "kata show <ref>; kata show --help says more"],
    [["whoami", "x"], "kata whoami; kata whoami --help says more"],
    [["completion"], "kata completion <shell>, as in: source <(kata completion bash)"],
    [["export"], "kata export --output <text> [flags]; kata export --help says more"],
    [["show", "-v is broken"], "text that begins with - goes behind --: kata show -- \"-v is broken\""],
    [["show", "--help me"], "text that begins with - goes behind --: kata show -- \"--help me\""]
  ]
  it.effect.each(table)(
    "%j",
    ([argv, hint]) =>
      Effect.map(kata(argv), ({ stderr }) => expect(stderr.split("\n").slice(1)).toEqual([`hint: ${hint}`, ""]))
  )
})

const got = (stdout: string): unknown => JSON.parse(stdout)

describe("what a command gets", () => {
  const table: ReadonlyArray<readonly [argv: ReadonlyArray<string>, got: object]> = [
    [["--project", "a", "export", "--project", "b", "--output", ""], { projects: ["a", "b"], output: "" }],
    [["export", "--output=x"], { projects: [], output: "x" }],
    [["--project", "a", "whoami"], { project: "a" }],
    [["whoami", "--as=", "--as", "b", "--workspace", "-q"], { as: "b", workspace: "-q" }],
    [["list", "--status", "a", "--status", "b"], { status: "b" }],
    [["ls", "-fn3"], { force: true, limit: 3 }],
    [["ls", "-n=-3", "-f=false"], { force: false, limit: -3 }],
    [["--force", "list"], { force: true }],
    [["--status", "show", "list"], { status: "show" }],
    [["--status", "list", "--force", "list"], { status: "list", force: true }],
    [["list", "--include-deleted=false"], { deleted: false }],
    [["list", "--include-deleted=false", "--include-deleted"], { deleted: true }],
    [["show", "--", "-1"], { ref: "-1" }],
    [["show", "-"], { ref: "-" }],
    [["show", "--json=false", "list"], { ref: "list" }],
    [["search", "--help=false", "a", "--", "--", "--kind"], { words: ["a", "--", "--kind"], kind: "issue" }],
    [["label", "add", "a", "--quiet=0", "b"], { ref: "a", label: "b", quiet: false }]
  ]
  it.effect.each(table)("%j", ([argv, wanted]) =>
    Effect.map(kata(argv), ({ exit, stderr, stdout }) => {
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
      expect(got(stdout)).toMatchObject(wanted)
    }))
})
