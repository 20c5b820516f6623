/** What a coding agent has to know to work with kata; `kata quickstart` prints it. */
export const instructions = `kata: the issue ledger of this project, for you and for people

Use it as your memory of work: what is to be done, what waits for what, what was done and why.
Add --agent to any command for short, stable lines, or --json for everything.
Sign your changes: set KATA_AUTHOR, or pass --as NAME. "kata whoami" shows who you are.

Find work
  kata ready --agent                      what waits for nothing; take the first
  kata list --agent                       everything open; --status all, --priority, --max-priority
  kata search WORDS --agent               before you create anything: is it there already?
  kata show abc4 --agent                  all of one issue, its comments and links

Record work
  kata create 'Title that says what is wrong' --body-stdin --label bug --priority 1 --agent
  kata create 'Part of it' --parent abc4 --blocked-by d4ex --agent
  kata edit abc4 --title '…' --owner NAME --blocks 9xk2 --agent
  kata comment abc4 --body 'What you found out.' --agent
  kata label add abc4 needs-review --agent
A script that may run twice passes --idempotency-key KEY: the same key gives the same issue again.
"1 open issue matches this title" (exit 5): comment on that one; --force-new only when yours is another.

Finish work
  kata close abc4 --done --message 'What was done, in a sentence or two.' --commit SHA --agent
Evidence is asked for: --commit, --pr, --test or --reviewed. Other ends: --wontfix, --duplicate-of REF,
--superseded-by REF, --audit-no-change. A message has 40 characters or more, 60 with --wontfix.
Close the children of an issue before it. Do not close what is not done: comment what remains.
kata reopen abc4 takes a close back.

Issues are named by short ids (abc4), from elsewhere with the project before it (app#abc4).
Text of many lines comes from a file or a pipe: --body-file FILE, --body-stdin.

Do not delete, purge, or merge or remove projects unless a person asks for it.

Exit codes: 0 done (also when nothing had to change), 2 wrong command line, 3 refused, 4 not found,
5 conflict, 6 confirmation missing, 7 no daemon, 10 locked, 11 disk or permissions. On failure stdout is
empty and stderr says what to do next.
`
