import { type Differences, refusal } from "../Difference.ts"

const web = "a page of the web framework, no part of the contract"
const database = "Go: 500 with the text of SQLite"
const hash = "name must not contain #: it stands between project and issue in a reference"
const noDirectory = (path: string) => ({
  why: "the words of Go's error, which names the operation and the path twice",
  ours: refusal(400, "validation", `stat ${path}: no such file or directory`)
})

export const projects: Differences = {
  "01-process": {
    steps: {
      docs: { why: web, skip: true },
      schemas: { why: web, skip: true },
      "openapi.json": { why: "ours describes itself there; openapi.test.ts reads it", skip: true },
      "unknown properties (four)": {
        why: "which three Go names is random",
        ours: refusal(
          400,
          "validation",
          "validation failed: a: unexpected property; b: unexpected property; c: unexpected property; (and 1 more)"
        )
      }
    }
  },
  "02-projects": {
    options: {
      files: {
        "user/.keep": "",
        "ws1/.kata.toml": "version = 1\n\n[project]\nname = \"alpha\"\n",
        "ws1/sub/.keep": ""
      }
    },
    steps: {
      "name with #": { why: database, ours: refusal(400, "validation", hash) },
      "rename with #": { why: database, ours: refusal(400, "validation", hash) },
      "rename to a taken name": {
        why: database,
        ours: refusal(409, "project_name_taken", "another project has the name alpha", {
          hint: "pick a different name",
          data: { name: "alpha", project_id: 1 }
        })
      },
      "archived: rename other to its name": {
        why: database,
        ours: refusal(409, "project_name_taken", "another project, which is archived, has the name beta", {
          hint: "pick a different name",
          data: { name: "beta", project_id: 2 }
        })
      },
      "metadata bad area": {
        why: "the words of Go's JSON parser",
        ours: refusal(
          400,
          "invalid_metadata_value",
          "validate \"area\": invalid value: value must be a JSON string"
        )
      },
      "both name and start_path": noDirectory("/tmp/kx/none"),
      "start_path missing directory": noDirectory("/tmp/kx/h/02-projects/nosuch"),
      "start_path relative": {
        why: "a daemon stands in no directory that a client could mean",
        ours: refusal(400, "validation", "start_path must be absolute, got nosuch")
      },
      "resolve start_path missing": noDirectory("/tmp/kx/h/02-projects/nosuch")
    }
  },
  "03-project-merge": {
    steps: {
      "merge with taken target_name": {
        why: database,
        ours: refusal(409, "project_name_taken", "another project has the name other", {
          hint: "pick a different name",
          data: { name: "other", project_id: 3 }
        })
      }
    }
  },
  "16-digest-audit": {},
  "17-auth": { options: { token: "s3cret", tcp: true } },
  "18-tcp-no-token": { options: { tcp: true } },
  "19-unix-token": { options: { token: "s3cret" } },
  "20-insecure-readonly": { options: { insecureReadonly: true, tcp: true } }
}
