/** Newer Go kata's tokens: hashes of credentials, in the events of a project of its own. They are carried, or left out whole. */
import { isSystemProject } from "../records/systemProject.ts"
import type { LeaveOut } from "../snapshot/load.ts"

/** Kinds whose records describe only the project itself. Issues in it would be work, which is never left out by this flag. */
const ofProject = new Set(["project_alias", "event"])

/** Leaves out the project with the tokens, its aliases and its events. */
export const ofTokens = (): LeaveOut => {
  let project: string | undefined
  return ({ name }, record) => {
    if (name === "project" && isSystemProject(record)) {
      project = String(record["id"])
      return "is the project in which newer Go kata keeps its tokens"
    }
    return project !== undefined && ofProject.has(name) && String(record["project_id"]) === project
      ? "is of the project with the tokens of newer Go kata"
      : undefined
  }
}
