import * as Either from "effect/Either"
// oxlint-disable-next-line import/default -- a CommonJS module: what it exports is the default
import rrule from "rrule"
import { describe, expect, it } from "vitest"
import { dayAfter, firstDay, type Schedule } from "../../../src/ledger/recurrences/occurrences.ts"

// oxlint-disable-next-line import/no-named-as-default-member -- it has no named exports at run time
const { RRule } = rrule

const schedule = (rrule: string, dtstart = "2026-06-01", timezone = "UTC"): Schedule => ({ rrule, dtstart, timezone })

/** The first days of a schedule. */
const days = (of: Schedule, most = 4): ReadonlyArray<string> => {
  const found: Array<string> = []
  let day = Either.getOrThrow(firstDay(of)) as string | undefined
  while (day !== undefined && found.length < most) {
    found.push(day)
    day = Either.getOrThrow(dayAfter(of, day))
  }
  return found
}

describe("the days of a recurrence", () => {
  // 2026-06-01 is a Monday
  it.each<readonly [string, Schedule, ReadonlyArray<string>]>([
    ["daily", schedule("FREQ=DAILY"), ["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"]],
    ["each second week", schedule("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"), [
      "2026-06-02",
      "2026-06-16",
      "2026-06-30",
      "2026-07-14"
    ]],
    ["the last Friday", schedule("FREQ=MONTHLY;BYDAY=-1FR"), ["2026-06-26", "2026-07-31", "2026-08-28", "2026-09-25"]],
    ["months that have a 31st", schedule("FREQ=MONTHLY;BYMONTHDAY=31"), [
      "2026-07-31",
      "2026-08-31",
      "2026-10-31",
      "2026-12-31"
    ]],
    ["leap days", schedule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"), [
      "2028-02-29",
      "2032-02-29",
      "2036-02-29",
      "2040-02-29"
    ]],
    ["leap days over 2100", schedule("FREQ=YEARLY", "2096-02-29"), [
      "2096-02-29",
      "2104-02-29",
      "2108-02-29",
      "2112-02-29"
    ]],
    ["the second weekday of a month", schedule("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=2"), [
      "2026-06-02",
      "2026-07-02",
      "2026-08-04",
      "2026-09-02"
    ]],
    ["so many times", schedule("FREQ=DAILY;COUNT=2"), ["2026-06-01", "2026-06-02"]],
    ["until a day", schedule("FREQ=DAILY;UNTIL=20260602"), ["2026-06-01", "2026-06-02"]],
    ["until a time, at home", schedule("FREQ=DAILY;UNTIL=20260603T020000Z", "2026-06-01", "America/New_York"), [
      "2026-06-01",
      "2026-06-02"
    ]],
    ["until a time, elsewhere", schedule("FREQ=DAILY;UNTIL=20260602T230000Z", "2026-06-01", "Europe/Berlin"), [
      "2026-06-01",
      "2026-06-02",
      "2026-06-03"
    ]],
    ["with hours, which do not count", schedule("FREQ=DAILY;BYHOUR=9,17;COUNT=3"), [
      "2026-06-01",
      "2026-06-02",
      "2026-06-03"
    ]],
    ["hourly is daily", schedule("FREQ=HOURLY;BYDAY=TU"), ["2026-06-02", "2026-06-09", "2026-06-16", "2026-06-23"]],
    ["each 48 hours", schedule("FREQ=HOURLY;INTERVAL=48"), ["2026-06-01", "2026-06-03", "2026-06-05", "2026-06-07"]],
    ["so many hours", schedule("FREQ=HOURLY;COUNT=25"), ["2026-06-01", "2026-06-02"]],
    ["from long ago", schedule("FREQ=SECONDLY", "1970-01-01"), [
      "1970-01-01",
      "1970-01-02",
      "1970-01-03",
      "1970-01-04"
    ]],
    [
      "at the end of time",
      schedule("FREQ=YEARLY", "9998-05-05"),
      ["9998-05-05", "9999-05-05"]
    ]
  ])("%s", (_, of, expected) => {
    expect(days(of, expected.length)).toEqual(expected)
  })

  it("ends", () => {
    expect(dayAfter(schedule("FREQ=DAILY;COUNT=2"), "2026-06-02")).toEqual(Either.right(undefined))
    expect(dayAfter(schedule("FREQ=DAILY;UNTIL=20260602"), "2030-01-01")).toEqual(Either.right(undefined))
  })

  it.each([
    ["", "wrong format"],
    ["x", "wrong format"],
    ["FREQ=DAILY;", "wrong format"],
    ["RRULE:FREQ=DAILY", "wrong format"],
    ["INTERVAL=2", "property FREQ is required"],
    ["FREQ=SOMETIMES", "undefined frequency: SOMETIMES"],
    ["FREQ=DAILY;INTERVAL=0", "invalid value of INTERVAL: 0"],
    ["FREQ=DAILY;COUNT=-1", "invalid value of COUNT: -1"],
    ["FREQ=DAILY;BYDAY=XX", "invalid value of BYDAY: XX"],
    ["FREQ=DAILY;BYMONTH=13", "invalid value of BYMONTH: 13"],
    ["FREQ=DAILY;UNTIL=tomorrow", "invalid value of UNTIL: tomorrow"],
    ["FREQ=DAILY;BYEASTER=1", "unknown property: BYEASTER"]
  ])("says what is wrong with %j", (rrule, what) => {
    expect(firstDay(schedule(rrule))).toEqual(Either.left(`parse rrule ${JSON.stringify(rrule)}: ${what}`))
  })

  it("wants a real day and a real zone", () => {
    expect(firstDay(schedule("FREQ=DAILY", "2026-02-30"))).toEqual(
      Either.left(`dtstart must be a date YYYY-MM-DD, got "2026-02-30"`)
    )
    expect(firstDay(schedule("FREQ=DAILY", "2026-06-01", "europe/berlin"))).toEqual(
      Either.left("unknown time zone europe/berlin")
    )
    expect(firstDay(schedule("FREQ=DAILY;UNTIL=20250101"))).toEqual(Either.left("rrule gives no day from dtstart on"))
  })

  it.each([
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU"
  ])(
    "finds soon that %s never comes true",
    (rrule) => {
      const cpu = (work: () => void) => {
        const before = process.cpuUsage()
        work()
        const { system, user } = process.cpuUsage(before)
        return (system + user) / 1000
      }
      // the library's last 500 years of days; it goes through all 8,000 when it is left alone
      const dtstart = new Date("9499-06-01T00:00:00Z")
      const never = new RRule({ freq: RRule.DAILY, dtstart, bymonth: 2, bymonthday: 30 }, true)
      const yardstick = cpu(() => expect(never.after(dtstart, true)).toBe(null))
      expect(cpu(() => expect(Either.isLeft(firstDay(schedule(rrule)))).toBe(true))).toBeLessThan(4 * yardstick + 100)
    }
  )

  it("reads what is stored oddly", () => {
    expect(dayAfter(schedule("FREQ=DAILY", "20260601", "Mars/Base"), "2026-06-03T00:00:00Z")).toEqual(
      Either.right("2026-06-04")
    )
    expect(Either.isLeft(dayAfter(schedule("FREQ=DAILY"), "soon"))).toBe(true)
  })
})
