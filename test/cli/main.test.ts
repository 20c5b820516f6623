import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { Signal } from "../../src/cli/Environment.ts"
import * as Main from "../../src/cli/Main.ts"
import * as Output from "../../src/cli/Output.ts"
import { phase } from "../../src/Progress.ts"
import { captured } from "../../src/testing/stdio.ts"
import { environment, kata, leaf } from "./kit.ts"

class Report extends Schema.Class<Report>("Report")({
  title: Schema.String,
  big: Schema.BigIntFromSelf,
  gone: Schema.optional(Schema.String)
}) {}

const report = new Report({ title: "a\u001b\n<b>", big: 9007199254740993n })

const format = Output.report(Report, {
  human: (report) => [`title ${report.title}`, "second"],
  agent: (report) => [`OK report title=${report.title}`, "- second"],
  outcome: (report) => report.gone === undefined ? undefined : "incomplete"
})

const nodes = [
  leaf("report", () => Output.command("report", {}, format, () => Effect.succeed(report))),
  leaf(
    "partly",
    () => Output.command("partly", {}, format, () => Effect.succeed(new Report({ ...report, gone: "one" })))
  ),
  leaf(
    "long",
    () =>
      Output.command(
        "long",
        {},
        format,
        () => phase("working").pipe(Effect.zipRight(TestClock.adjust("1 second")), Effect.as(report))
      )
  ),
  leaf("logs", () => Output.command("logs", {}, format, () => Effect.as(Effect.logWarning("look\n"), report)))
]

const run = (
  argv: ReadonlyArray<string>,
  options: Parameters<typeof captured>[0] = {},
  tree: Parameters<typeof Main.run<typeof nodes>>[1] = nodes
) => {
  const streams = captured(options)
  return Effect.map(Effect.provide(Main.run(argv, tree, environment), streams.layer), (exit) => ({
    exit,
    stdout: streams.stdout.text(),
    stderr: streams.stderr.text()
  }))
}

describe("a report", () => {
  it.effect("in human mode, with what a terminal acts upon made visible", () =>
    Effect.map(
      run(["report"]),
      (result) => expect(result).toEqual({ exit: 0, stdout: "title a\\x1b\\n<b>\nsecond\n", stderr: "" })
    ))

  it.effect("as one line of JSON, the version first, big integers as digits", () =>
    Effect.map(run(["report", "--json"]), (result) =>
      expect(result).toEqual({
        exit: 0,
        stdout: "{\"kata_api_version\":1,\"title\":\"a\\u001b\\n<b>\",\"big\":9007199254740993}\n",
        stderr: ""
      })))

  it.effect("for agents, in which a value cannot begin a line", () =>
    Effect.map(
      run(["--format", "agent", "report"]),
      ({ stdout }) => expect(stdout).toBe("OK report title=a\u001b\\n<b>\n- second\n")
    ))

  it.effect("--quiet drops what only confirms", () =>
    Effect.gen(function*() {
      expect((yield* run(["report", "-q"])).stdout).toBe("")
      expect((yield* run(["report", "-q", "--agent"])).stdout).toBe("- second\n")
      expect((yield* run(["report", "-q", "--json"])).stdout).toContain("kata_api_version")
    }))

  it.effect("may have an exit code of its own", () =>
    Effect.map(run(["partly", "--agent"]), ({ exit, stdout }) => {
      expect(exit).toBe(9)
      expect(stdout).toContain("OK report")
    }))

  it.effect("whose JSON is somebody else's text is passed through as it is spelled, and is read for people only", () =>
    Effect.gen(function*() {
      const text = "{ \"b\":1.0,\"a\":[9007199254740993,\"\\u003c\",{\"kata_api_version\":2}] }\n"
      let reads = 0
      const foreign: Output.Format<string, number> = {
        json: (text) => text,
        read: (text) => Effect.sync(() => ++reads + text.length),
        human: (length) => [`length ${length}`],
        agent: (length) => [`OK foreign length=${length}`],
        aside: () => ["by the way\u001b"]
      }
      const of = (
        text: string
      ) => [leaf("foreign", () => Output.command("foreign", {}, foreign, () => Effect.succeed(text)))]
      const json = yield* run(["foreign", "--json"], {}, of(text))
      expect(json).toEqual({ exit: 0, stdout: `{"kata_api_version":1,${text.trimEnd().slice(1)}\n`, stderr: "" })
      expect(reads).toBe(0)
      expect(yield* run(["foreign"], {}, of(text))).toMatchObject({
        stdout: `length ${text.length + 1}\n`,
        stderr: "by the way\\x1b\n"
      })
      expect(yield* run(["foreign", "-q"], {}, of(text))).toMatchObject({ stdout: "", stderr: "" })
      expect((yield* run(["foreign", "--json"], {}, of("{}"))).stdout).toBe("{\"kata_api_version\":1}\n")
      for (const bad of ["[1]", "x", "{\"kata_api_version\":1}"]) {
        expect(yield* run(["foreign", "--json"], {}, of(bad))).toMatchObject({ exit: 1, stdout: "" })
      }
    }))

  it.effect("comes after the progress line is erased", () =>
    Effect.gen(function*() {
      const terminal = { stderr: { isTTY: true } }
      const { stderr, stdout } = yield* run(["long"], terminal)
      expect(stderr).toMatch(/^\rworking.*\r\u001b\[K$/)
      expect(stdout).toContain("second\n")
      for (const argv of [["long", "--json"], ["long", "-q"], ["long", "--agent"]]) {
        expect((yield* run(argv, terminal)).stderr).toBe("")
      }
    }))

  it.effect("is alone on stdout: logs go to stderr", () =>
    Effect.map(run(["logs", "--json"]), ({ stderr, stdout }) => {
      expect(stdout.split("\n")).toHaveLength(2)
      expect(stderr).toContain("look")
    }))
})

describe("a failure", () => {
  it.effect("has its exit code, and its hint, in three forms", () =>
    Effect.gen(function*() {
      expect(yield* kata(["refuse"])).toEqual({
        exit: 3,
        stdout: "",
        stderr: "kata: no\\x1b[31m\nhint: do something else\n"
      })
      expect((yield* kata(["refuse", "--json"])).stderr).toBe(
        "{\"error\":{\"kind\":\"validation\",\"message\":\"no\\u001b[31m\",\"hint\":\"do something else\",\"exit_code\":3}}\n"
      )
      expect((yield* kata(["refuse", "--agent", "-q"])).stderr).toBe(
        "ERR refuse validation: no\\x1b[31m\nHint: do something else\nExit-Code: 3\n"
      )
    }))

  it.effect("that is a bug has no stack, unless asked for", () =>
    Effect.gen(function*() {
      const plain = yield* kata(["bug"])
      expect(plain).toEqual({
        exit: 1,
        stdout: "",
        stderr: "kata: this is a bug in kata: broken\\nhere\nhint: set KATA_DEBUG=1 to see where it happened\n"
      })
      const debug = yield* kata(["bug"], { environment: { variables: { KATA_DEBUG: "1" } } })
      expect(debug.exit).toBe(1)
      expect(debug.stderr).toMatch(/\n +at .*kit\.ts/)
    }))

  it.effect("is told by its code where stderr is closed", () =>
    Effect.map(kata(["refuse"], { streams: { stderr: { fails: "EPIPE" } } }), ({ exit }) => expect(exit).toBe(3)))
})

describe("stdout", () => {
  it.effect("whose reader went away ends the run quietly", () =>
    Effect.gen(function*() {
      const closed = { stdout: { fails: "EPIPE" } }
      for (const argv of [["report"], ["report", "--json"], [], ["--version"]]) {
        expect(yield* run(argv, closed)).toEqual({ exit: 0, stdout: "", stderr: "" })
      }
      expect((yield* run(["partly"], closed)).exit).toBe(9)
    }))

  it.effect("that cannot take the report is a failure", () =>
    Effect.map(
      run(["report"], { stdout: { fails: "ENOSPC" } }),
      (result) =>
        expect(result).toEqual({
          exit: 11,
          stdout: "",
          stderr: "kata: cannot write to stdout: no space left on device (ENOSPC)\n"
        })
    ))
})

describe("a signal", () => {
  const cases: ReadonlyArray<readonly [Signal, number, string]> = [["SIGINT", 130, "interrupted"], [
    "SIGTERM",
    143,
    "terminated"
  ]]
  it.effect.each(cases)("%s interrupts the command: %d", ([signal, code, word]) =>
    Effect.gen(function*() {
      const sent = yield* Deferred.make<Signal>()
      const fiber = yield* Effect.fork(kata(["wait", "--json"], { environment: { signal: Deferred.await(sent) } }))
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(sent, signal)
      expect(yield* Fiber.join(fiber)).toEqual({
        exit: code,
        stdout: "",
        stderr: `{"error":{"kind":"${word}","message":"${word}","exit_code":${code}}}\n`
      })
    }))

  it.effect("is waited for no longer than the command takes, wherever it is run", () =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<void>()
      const signal = Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, undefined))
      const { exit } = yield* Effect.uninterruptible(kata(["whoami"], { environment: { signal } }))
      expect([exit, yield* Deferred.isDone(ended)]).toEqual([0, true])
    }))

  it.effect("that comes when the command is done changes nothing", () =>
    Effect.map(kata(["whoami"], { environment: { signal: Effect.never } }), ({ exit }) => expect(exit).toBe(0)))
})

describe("version", () => {
  it.effect("in three forms", () =>
    Effect.gen(function*() {
      expect((yield* kata(["version"])).stdout).toBe("kata 1.2.3\n  runtime: node 20.19.0\n  os/arch: linux/x64\n")
      expect((yield* kata(["--version"])).stdout).toBe("kata 1.2.3\n")
      const json = "{\"kata_api_version\":1,\"agent_format\":1,\"arch\":\"x64\",\"name\":\"kata\",\"os\":\"linux\"," +
        "\"runtime\":\"node 20.19.0\",\"version\":\"1.2.3\"}\n"
      expect((yield* kata(["version", "--json"])).stdout).toBe(json)
      expect((yield* kata(["--json", "--version"])).stdout).toBe(json)
      expect((yield* kata(["--agent", "version"])).stdout).toBe("OK version version=1.2.3 agent_format=1\n")
    }))
})
