/**
 * Inputs that nobody should give us, and what comes of each. The files that Go kata was given are in `test/import/goCases.ts`, the databases
 * in `test/export/badRows.test.ts`; their tables say where we differ from Go kata, and why.
 *
 * `0`: taken, and all that it says is in the database. `3`: refused. `8`: damaged. `says` is what follows the name of the file.
 */
import { gzipSync } from "node:zlib"
import * as kit from "../snapshot/kit.ts"
import { edited, lines, reseal, sealed } from "./make.ts"

export type Bytes = Uint8Array | string
export type Case = readonly [what: string, input: () => Bytes, exit: 0 | 3 | 8, says?: string]

const whole = () => Buffer.from(sealed)
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex")
const among = (bytes: Uint8Array) => () => {
  const at = sealed.indexOf("first body")
  return Buffer.concat([Buffer.from(sealed.slice(0, at)), bytes, Buffer.from(sealed.slice(at))])
}
const times = (text: string, count: number) => text.repeat(count)
const deep = (depth: number) => times("[", depth) + times("]", depth)

const files: ReadonlyArray<Case> = [
  ["nothing", () => "", 8, "is empty"],
  ["only line ends", () => times("\n", 1000), 8, "has no records"],
  ["only CRLF", () => times("\r\n", 1000), 8, "has no records"],
  ["only blanks", () => times(" ", 1000), 8, "has no records"],
  ["only zeros, as after a power cut", () => Buffer.alloc(4096), 8, "line 1 is not JSON"],
  ["a whole file and zeros behind it", () => Buffer.concat([whole(), Buffer.alloc(4096)]), 8, "comes after the seal"],
  ["zeros in the middle", among(Buffer.alloc(64)), 8, "line 8 is not JSON"],
  ["a web page", () => "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n", 8, "line 1 is not JSON"],
  [
    "a program",
    () => Buffer.concat([hex("7f454c46 02010100 00000000 00000000 0300 3e00"), Buffer.alloc(100, 0xf3)]),
    8,
    "line 1 is not UTF-8"
  ],
  ["a database", () => kit.fixtureBytes("small.db"), 8, "is a SQLite database, not a snapshot"],
  ["a compressed database", () => gzipSync(kit.fixtureBytes("small.db")), 8, "is a SQLite database, not a snapshot"],
  ["a zip file", () => hex("504b0304 14000000 08000000 2100 ffff"), 8, "is a zip archive"],
  ["bzip2", () => hex("425a6839 31415926 5359 e1f4"), 8, "is compressed with bzip2"],
  ["zstd", () => hex("28b52ffd 0458 e1f4"), 8, "is compressed with zstd"],
  [
    "a pointer of git-lfs",
    () => "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    8,
    "is a pointer of git-lfs"
  ],
  ["an export of beads", () => `{"id":"bd-1","title":"x","status":"open"}\n`, 3, "is an export of Beads"],
  ["one JSON array of all records", () => `[${lines.join(",")}]\n`, 3, "is a JSON array"],
  [
    "pretty-printed",
    () => lines.map((line) => JSON.stringify(JSON.parse(line), null, 2)).join("\n"),
    8,
    "is JSON over several lines"
  ],
  ["a table", () => "kind,id,title\nissue,1,x\n", 8, "line 1 is not JSON"],
  ["a difference", () => lines.map((line) => `+${line}`).join("\n"), 8, "line 1 is not JSON"]
]

const spellings: ReadonlyArray<Case> = [
  ["a byte order mark", () => `\ufeff${sealed}`, 8, "line 1 begins with a byte order mark"],
  ["UTF-16, little end first", () => Buffer.from(`\ufeff${sealed}`, "utf16le"), 8, "is text in UTF-16"],
  ["UTF-16, big end first", () => Buffer.from(`\ufeff${sealed}`, "utf16le").swap16(), 8, "is text in UTF-16"],
  ["UTF-16 without a mark", () => Buffer.from(sealed, "utf16le"), 8, "line 1 is not JSON"],
  ["a byte that is in no UTF-8", among(hex("ff")), 8, "line 8 is not UTF-8"],
  ["Latin-1", () => Buffer.from(sealed.replace("first body", "erste Größe"), "latin1"), 8, "line 8 is not UTF-8"],
  ["an overlong slash", among(hex("c0af")), 8, "line 8 is not UTF-8"],
  ["an overlong NUL", among(hex("c080")), 8, "line 8 is not UTF-8"],
  ["a surrogate in three bytes", among(hex("eda080")), 8, "line 8 is not UTF-8"],
  ["a code point beyond the last", among(hex("f4908080")), 8, "line 8 is not UTF-8"],
  ["half a character", among(hex("e6bc")), 8, "line 8 is not UTF-8"],
  ["a NUL in a string", among(hex("00")), 8, "line 8 is not JSON"],
  ["a tab in a string", among(hex("09")), 8, "line 8 is not JSON"],
  ["CRLF, as git on Windows makes it", () => sealed.replaceAll("\n", "\r\n"), 0],
  ["CR alone", () => sealed.replaceAll("\n", "\r"), 8, "line 1 is not JSON"],
  ["CR CR LF", () => sealed.replaceAll("\n", "\r\r\n"), 8, "has no seal at its end"],
  ["a CR in a string", among(hex("0d")), 8, "line 8 is not JSON"],
  ["a blank line", () => sealed.replace("\n", "\n\n"), 8, "has 23 lines, its seal says 22"],
  ["a blank at the end of a line", () => sealed.replace("\n", " \n"), 8, "was changed after it was written"],
  ["no last line end", () => sealed.slice(0, -1), 8, "has no seal at its end"],
  ["two last line ends", () => `${sealed}\n`, 8, "has no seal at its end"]
]

const conflict = ([a, b, c, ...rest]: ReadonlyArray<string>) =>
  [a, "<<<<<<< HEAD", b, "=======", c, ">>>>>>> theirs", ...rest].join("\n") + "\n"

const syntax: ReadonlyArray<Case> = [
  ["conflict markers of git", () => conflict(sealed.split("\n").slice(0, -1)), 8, "line 2 is a mark of git"],
  ["both sides of a conflict, without markers", () => sealed + sealed, 8, "comes after the seal in line 22"],
  ["null as a line", () => reseal([lines[0]!, "null", ...lines.slice(1)]), 3, "line 2: is not a JSON object"],
  ["an array as a line", () => reseal([lines[0]!, "[]", ...lines.slice(1)]), 3, "line 2: is not a JSON object"],
  ["a string as a line", () => reseal([lines[0]!, "\"meta\"", ...lines.slice(1)]), 3, "line 2: is not a JSON object"],
  ["a number as a line", () => reseal([lines[0]!, "1e400", ...lines.slice(1)]), 3, "line 2: is not a JSON object"],
  ["an empty object as a line", () => reseal([lines[0]!, "{}", ...lines.slice(1)]), 3, "line 2: has no kind"],
  [
    "two objects on a line",
    () => reseal([lines[0]!, lines[1]! + lines[2]!, ...lines.slice(3)]),
    8,
    "line 2 is not JSON"
  ],
  [
    "two objects on a line, with a comma",
    () => reseal([lines[0]!, `${lines[1]},${lines[2]}`, ...lines.slice(3)]),
    8,
    "line 2 is not JSON"
  ],
  ["a comment", () => reseal([lines[0]!, "// rows", ...lines.slice(1)]), 8, "line 2 is not JSON"],
  ["single quotes", () => edited("\"first body\"", "'first body'"), 8, "line 8 is not JSON"],
  ["a comma before the brace", () => edited("\"revision\":1}", "\"revision\":1,}"), 8, "is not JSON"],
  ["an escape that JSON does not know", () => edited("first body", "\\x41"), 8, "line 8 is not JSON"],
  ["half an escape", () => edited("first body", "\\u12"), 8, "line 8 is not JSON"]
]

const title = "\"title\":\"first\""
const metadata = "\"metadata\":{}"

const names: ReadonlyArray<Case> = [
  [
    "__proto__ as a member of the line",
    () => edited("{\"kind\":\"issue\",", "{\"__proto__\":{\"kind\":\"meta\"},\"kind\":\"issue\","),
    0
  ],
  [
    "__proto__ instead of kind",
    () => edited("{\"kind\":\"issue\",", "{\"__proto__\":{\"kind\":\"issue\"},"),
    3,
    "line 8: has no kind"
  ],
  [
    "__proto__ as a kind",
    () => edited("{\"kind\":\"issue\",", "{\"kind\":\"__proto__\","),
    3,
    "line 8: is of a kind that kata of this version does not know: \"__proto__\""
  ],
  [
    "constructor as a kind",
    () => edited("{\"kind\":\"issue\",", "{\"kind\":\"constructor\","),
    3,
    "line 8: is of a kind"
  ],
  [
    "__proto__ as a field",
    () => edited(title, `${title},"__proto__":{"id":9}`),
    3,
    "line 8: issue: __proto__ is a field that kata"
  ],
  [
    "constructor as a field",
    () => edited(title, `${title},"constructor":1`),
    3,
    "line 8: issue: constructor is a field that kata"
  ],
  [
    "__proto__ instead of a field",
    () => edited(title, "\"__proto__\":{\"title\":\"x\"}"),
    3,
    "line 8: issue: __proto__ is a field that kata"
  ],
  [
    "__proto__ and constructor in metadata",
    () => edited(metadata, "\"metadata\":{\"__proto__\":{\"a\":1},\"constructor\":{\"prototype\":{}},\"toString\":1}"),
    0
  ],
  ["constructor as a label", () => edited("\"label\":\"bug\"", "\"label\":\"constructor\""), 0],
  ["__proto__ as a label", () => edited("\"label\":\"bug\"", "\"label\":\"__proto__\""), 0],
  ["__proto__ as the name of a project", () => edited("\"name\":\"alpha\"", "\"name\":\"__proto__\""), 0],
  ["__proto__ as a key of meta", () => edited("\"key\":\"note\"", "\"key\":\"__proto__\""), 0],
  ["__proto__ as the name of a sequence", () => edited("\"name\":\"projects\"", "\"name\":\"__proto__\""), 0],
  [
    "a member of the line twice",
    () => edited("{\"kind\":\"issue\",", "{\"kind\":\"issue\",\"kind\":\"issue\","),
    3,
    "line 8: has the member \"kind\" twice"
  ],
  [
    "a member of the line twice, by an escape",
    () => edited("{\"kind\":\"issue\",", "{\"kind\":\"issue\",\"k\\u0069nd\":\"issue\","),
    3,
    "line 8: has the member \"kind\" twice"
  ],
  ["a field twice", () => edited(title, `${title},${title}`), 3, "line 8: issue: title stands there twice"],
  [
    "a field twice, by an escape",
    () => edited(title, `${title},"t\\u0069tle":"second"`),
    3,
    "line 8: issue: title stands there twice"
  ],
  ["a field in capitals", () => edited(title, "\"Title\":\"first\""), 3, "line 8: issue: Title is a field that kata"],
  ["a key twice in metadata", () => edited(metadata, "\"metadata\":{\"a\":1,\"a\":2}"), 0],
  ["an empty key in metadata", () => edited(metadata, "\"metadata\":{\"\":{\"\":[]}}"), 0],
  [
    "a header with a member twice",
    () => edited("\"sealed\":true,", "\"sealed\":true,\"sealed\":true,"),
    3,
    "line 1: snapshot says what kata of this version does not know"
  ],
  [
    "a header with __proto__",
    () => edited("\"sealed\":true,", "\"sealed\":true,\"__proto__\":{\"live_only\":true},"),
    3,
    "line 1: snapshot says what kata of this version does not know"
  ],
  [
    "a header that is null",
    () => edited(/"snapshot":\{.*\}\}/, "\"snapshot\":null}"),
    3,
    "line 1: snapshot says what kata of this version does not know"
  ]
]

const values: ReadonlyArray<Case> = [
  ["2^53 + 1 as a revision", () => edited("\"revision\":1}", "\"revision\":9007199254740993}"), 0],
  ["2^63 - 1 as a revision", () => edited("\"revision\":1}", "\"revision\":9223372036854775807}"), 0],
  [
    "2^63 as a revision",
    () => edited("\"revision\":1}", "\"revision\":9223372036854775808}"),
    3,
    "revision is not a 64-bit integer: 9223372036854775808"
  ],
  [
    "-2^63 - 1 as a revision",
    () => edited("\"revision\":1}", "\"revision\":-9223372036854775809}"),
    3,
    "is not a 64-bit integer: -9223372036854775809"
  ],
  ["-0 as a revision", () => edited("\"revision\":1}", "\"revision\":-0}"), 3, "is not a 64-bit integer: -0"],
  ["1.0 as a revision", () => edited("\"revision\":1}", "\"revision\":1.0}"), 3, "is not a 64-bit integer: 1.0"],
  ["1e0 as a revision", () => edited("\"revision\":1}", "\"revision\":1e0}"), 3, "is not a 64-bit integer: 1e0"],
  ["1e400 as a revision", () => edited("\"revision\":1}", "\"revision\":1e400}"), 3, "is not a 64-bit integer: 1e400"],
  [
    "100,000 digits as a revision",
    () => edited("\"revision\":1}", `"revision":${times("9", 100_000)}}`),
    3,
    "is not a 64-bit integer: 9999"
  ],
  ["01 as a revision", () => edited("\"revision\":1}", "\"revision\":01}"), 8, "is not JSON"],
  ["+1 as a revision", () => edited("\"revision\":1}", "\"revision\":+1}"), 8, "is not JSON"],
  ["NaN as a revision", () => edited("\"revision\":1}", "\"revision\":NaN}"), 8, "is not JSON"],
  ["Infinity as a revision", () => edited("\"revision\":1}", "\"revision\":Infinity}"), 8, "is not JSON"],
  ["0x1 as a revision", () => edited("\"revision\":1}", "\"revision\":0x1}"), 8, "is not JSON"],
  [
    "a string as a revision",
    () => edited("\"revision\":1}", "\"revision\":\"1\"}"),
    3,
    "is not a 64-bit integer: \"1\""
  ],
  [
    "numbers beyond doubles in metadata",
    () =>
      edited(
        metadata,
        "\"metadata\":{\"a\":[1e400,-1E-400,-0,-0.0,9007199254740993,0.1000000000000000055511151231257827]}"
      ),
    0
  ],
  ["100,000 digits in metadata", () => edited(metadata, `"metadata":{"a":${times("7", 100_000)}}`), 0],
  [
    "a lone surrogate in text",
    () => edited("first body", "\\ud800"),
    3,
    "line 8: issue: body is not Unicode text (a lone surrogate)"
  ],
  [
    "surrogates in the wrong order in text",
    () => edited("first body", "\\udc00\\ud800"),
    3,
    "line 8: issue: body is not Unicode text"
  ],
  ["a pair of surrogates in text", () => edited("first body", "\\ud83d\\ude00"), 0],
  ["lone surrogates in metadata", () => edited(metadata, "\"metadata\":{\"\\ud800\":\"\\udfff\"}"), 0],
  ["a NUL in text, as an escape", () => edited("first body", "a\\u0000b"), 0],
  ["what steers a terminal, in text", () => edited("first body", "\\u001b[31m\\u0007\\u009b2J\u202e"), 0],
  [
    "what steers a terminal, as a kind",
    () => edited("{\"kind\":\"issue\",", "{\"kind\":\"\\u001b]0;x\\u0007\u202e\","),
    3,
    "line 8: is of a kind"
  ],
  [
    "what steers a terminal, as a field",
    () => edited(title, `${title},"\u009b2J\u202e":1`),
    3,
    "line 8: issue: \\x9b2J\\u202e is a field"
  ]
]

const sizes: ReadonlyArray<Case> = [
  [
    "10,000 levels in a payload",
    () => edited("\"payload\":{}", `"payload":${deep(10_000)}`),
    3,
    "event 1: payload is not JSON of at most 1000 levels"
  ],
  [
    "100,000 levels in a payload",
    () => edited("\"payload\":{}", `"payload":${deep(100_000)}`),
    3,
    "event 1: payload is not JSON of at most 1000 levels"
  ],
  [
    "a payload that is almost JSON",
    () => edited("\"payload\":{}", `"payload":[[[[[${times("1,", 120_000)}x]]]]]`),
    8,
    "line 13 is not JSON"
  ],
  [
    "objects that are almost JSON",
    () => edited("\"payload\":{}", `"payload":[${times("{\"a\":[{\"b\":1}]},", 12_000)}{]`),
    8,
    "line 13 is not JSON"
  ],
  [
    "a text that is almost one",
    () => edited("first body", `${times("\\u0041\\n", 20_000)}\\q`),
    8,
    "line 8 is not JSON"
  ],
  [
    "100,000 levels that do not end",
    () => edited("\"payload\":{}", `"payload":${times("[", 100_000)}`),
    8,
    "is not JSON"
  ],
  [
    "100,000 levels of objects in metadata",
    () => edited(metadata, `"metadata":${times("{\"a\":", 100_000)}1${times("}", 100_000)}`),
    3,
    "metadata is not a JSON object of at most 1000 levels"
  ],
  [
    "100,000 levels beside kind and data",
    () => edited("{\"kind\":\"issue\",", `{"x":${deep(100_000)},"kind":"issue",`),
    0
  ],
  [
    "100,000 levels as a field",
    () => edited(title, `"title":${deep(100_000)}`),
    3,
    "line 8: issue: title is not a string: [[["
  ],
  [
    "100,000 levels as a header",
    () => edited(/"snapshot":\{.*\}\}/, `"snapshot":${deep(100_000)}}`),
    3,
    "line 1: snapshot says what kata of this version does not know: [[["
  ],
  [
    "100,000 levels as a line",
    () => reseal([lines[0]!, deep(100_000), ...lines.slice(1)]),
    3,
    "line 2: is not a JSON object"
  ],
  [
    "a kind of 1 MiB",
    () => edited("{\"kind\":\"issue\",", `{"kind":"${times("x", 2 ** 20)}",`),
    3,
    "line 8: is of a kind"
  ],
  ["a field of 1 MiB", () => edited(title, `${title},"${times("x", 2 ** 20)}":1`), 3, "line 8: issue: xxx"],
  ["a label of 1 MiB", () => edited("\"label\":\"bug\"", `"label":"${times("x", 2 ** 20)}"`), 3, "issue_label 1/xxx"],
  [
    "a version of 1 MiB",
    () => edited("\"value\":\"10\"},\"snapshot\"", `"value":"${times("1", 2 ** 20)}"},"snapshot"`),
    3,
    "line 1: invalid export_version \"111"
  ],
  ["a title of 16 MiB", () => edited(title, `"title":"${times("x", 2 ** 24)}"`), 0],
  [
    "300,000 members beside kind and data",
    () => edited("{\"kind\":\"issue\",", `{${times("\"x\":1,", 300_000)}"kind":"issue",`),
    0
  ],
  [
    "300,000 fields, the last one twice",
    () => edited(title, `${title},${Array.from({ length: 300_000 }, (_, i) => `"${i}":1`).join(",")},"9":1`),
    3,
    "line 8: issue: 0 is a field that kata"
  ],
  ["a million blank lines", () => sealed.replace("\n", times("\n", 1_000_000)), 8, "its seal says 22"],
  [
    "the same record thirty thousand times",
    () =>
      reseal(
        lines.flatMap((line) => line.includes("\"issue_label\"") ? Array.from({ length: 30_000 }, () => line) : [line])
      ),
    3,
    "is there more than once"
  ]
]

const gz = () => gzipSync(sealed)
const flipped = (at: number) => () => {
  const bytes = gz()
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x10
  return bytes
}

const compressed: ReadonlyArray<Case> = [
  ["compressed", gz, 0],
  [
    "compressed in two members",
    () => Buffer.concat([gzipSync(sealed.slice(0, 1000)), gzipSync(sealed.slice(1000))]),
    0
  ],
  ["compressed, with an empty member behind", () => Buffer.concat([gz(), gzipSync("")]), 0],
  ["compressed, with zeros behind, as tapes have it", () => Buffer.concat([gz(), Buffer.alloc(10_240)]), 0],
  ["compressed, with a second file behind", () => Buffer.concat([gz(), gz()]), 8, "comes after the seal in line 22"],
  [
    "compressed, with garbage behind",
    () => Buffer.concat([gz(), Buffer.from("garbage")]),
    8,
    "something that is not compressed follows the compressed data"
  ],
  ["compressed, and cut in its header", () => gz().subarray(0, 5), 8, "the compressed data stops before its end"],
  ["compressed, and cut in the middle", () => gz().subarray(0, 400), 8, "the compressed data stops before its end"],
  ["compressed, and cut in its checksum", () => gz().subarray(0, -6), 8, "the compressed data stops before its end"],
  [
    "compressed, and cut in a second member",
    () => Buffer.concat([gz(), gz().subarray(0, 12)]),
    8,
    "the compressed data stops before its end"
  ],
  ["compressed, with a flag that nobody knows", flipped(2), 8, "the compressed data is damaged"],
  ["compressed, with a bit flipped in the middle", flipped(300), 8],
  ["compressed, with a bit flipped in its checksum", flipped(-6), 8, "the compressed data is damaged"],
  ["compressed, with a bit flipped in its length", flipped(-2), 8, "the compressed data is damaged"],
  ["compressed twice", () => gzipSync(gz()), 8, "line 1 is not UTF-8"],
  ["nothing, compressed", () => gzipSync(""), 8, "is empty"],
  ["the two bytes that gzip begins with", () => hex("1f8b"), 8, "the compressed data stops before its end"],
  ["the one byte that gzip begins with", () => hex("1f"), 8, "line 1 is not JSON"],
  ["a bomb of blank lines", () => gzipSync(Buffer.alloc(2 ** 24, "\n")), 8, "has no records"],
  ["a bomb of records", () => gzipSync(times(`${lines[0]}\n`, 20_000)), 3, "value must be 10"],
  ["a bomb of zeros", () => gzipSync(Buffer.alloc(2 ** 26)), 8, "line 1 is not JSON"]
]

export const cases = { files, spellings, syntax, names, values, sizes, compressed }
