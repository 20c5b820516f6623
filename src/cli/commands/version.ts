import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Environment } from "../Environment.ts"
import * as Output from "../Output.ts"
import { quote } from "../terminal.ts"

/** The version of the agent text that `--agent` prints. */
const agentFormat = 1

export class VersionReport extends Schema.Class<VersionReport>("VersionReport")({
  agent_format: Schema.Int,
  arch: Schema.String,
  name: Schema.String,
  os: Schema.String,
  runtime: Schema.String,
  version: Schema.String
}) {}

export const format = Output.report(VersionReport, {
  human: (report) => [
    `${report.name} ${report.version}`,
    `  runtime: ${report.runtime}`,
    `  os/arch: ${report.os}/${report.arch}`
  ],
  agent: (report) => [`OK version version=${quote(report.version)} agent_format=${report.agent_format}`],
  quiet: (report) => [`${report.name} ${report.version}`]
})

export const report = Effect.map(
  Environment,
  ({ arch, name, os, runtime, version }) =>
    new VersionReport({ agent_format: agentFormat, arch, name, os, runtime, version })
)

export const version = Output.command("version", {}, format, () => report)
