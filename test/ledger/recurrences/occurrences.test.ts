import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { dayAfter, firstDay, type Schedule } from "../../../src/ledger/recurrences/occurrences.ts"

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
    ["FREQ=DAILY;COUNT", "wrong format"],
    ["FREQ=DAILY;COUNT=", "COUNT option has no value"],
    ["freq=daily", "unknown RRULE property: freq"],
    ["INTERVAL=2", "RRULE property FREQ is required"],
    ["FREQ=SOMETIMES", "undefined frequency: SOMETIMES"],
    ["FREQ=DAILY;INTERVAL=-1", "invalid value of INTERVAL: -1"],
    ["FREQ=DAILY;COUNT=1.5", "invalid value of COUNT: 1.5"],
    ["FREQ=DAILY;BYDAY=XX", "invalid value of BYDAY: XX"],
    ["FREQ=DAILY;BYMONTH=13", "invalid value of BYMONTH: 13"],
    ["FREQ=DAILY;UNTIL=tomorrow", "invalid value of UNTIL: tomorrow"],
    ["FREQ=DAILY;UNTIL=20260230", "invalid value of UNTIL: 20260230"],
    ["FREQ=DAILY;X-FOO=1", "unknown RRULE property: X-FOO"]
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

  it("reads what is stored oddly", () => {
    expect(dayAfter(schedule("FREQ=DAILY", "20260601", "Mars/Base"), "2026-06-03T00:00:00Z")).toEqual(
      Either.right("2026-06-04")
    )
    expect(Either.isLeft(dayAfter(schedule("FREQ=DAILY"), "soon"))).toBe(true)
  })
})

describe("found W2: stored rules are read as Go's library reads them", () => {
  it.each<readonly [rrule: string, days: string]>([
    ["RRULE:FREQ=DAILY", "2026-06-01 2026-06-02"],
    [" FREQ=DAILY\n", "2026-06-01 2026-06-02"],
    ["FREQ=DAILY;COUNT=0", "2026-06-01 2026-06-02"],
    ["FREQ=DAILY;COUNT=-1", "2026-06-01 2026-06-02"],
    ["FREQ=DAILY;INTERVAL=0", "2026-06-01 2026-06-02"],
    ["FREQ=WEEKLY;FREQ=DAILY;INTERVAL=+02", "2026-06-01 2026-06-03"],
    ["DTSTART:20200101T000000Z\nRRULE:FREQ=DAILY", "2026-06-01 2026-06-02"],
    ["FREQ=DAILY;DTSTART=20200101T000000Z", "2026-06-01 2026-06-02"],
    ["FREQ=MONTHLY;BYDAY=+1MO,01TU", "2026-06-01 2026-06-02"],
    ["FREQ=YEARLY;BYEASTER=0", "2027-03-28 2028-04-16"]
  ])("%j", (rrule, expected) => {
    expect(days(schedule(rrule), 2).join(" ")).toBe(expected)
  })
})

describe("found W3: years to 9999, and a search that ends", () => {
  it("takes the end of all days as an end", () => {
    const rule = schedule("FREQ=DAILY;UNTIL=99991231T235959Z", "2026-06-01", "Asia/Tokyo")
    expect(days(rule, 2)).toEqual(["2026-06-01", "2026-06-02"])
    expect(dayAfter(rule, "9999-12-30")).toEqual(Either.right("9999-12-31"))
    expect(dayAfter(rule, "9999-12-31")).toEqual(Either.right(undefined))
    expect(days(schedule("FREQ=DAILY;UNTIL=00010101", "0001-01-01"), 2)).toEqual(["0001-01-01"])
    expect(days(schedule("FREQ=DAILY", "9999-12-31"), 2)).toEqual(["9999-12-31"])
    expect(days(schedule("FREQ=YEARLY;INTERVAL=999999999999", "2026-06-01"), 2)).toEqual(["2026-06-01"])
    expect(days(schedule("FREQ=HOURLY;INTERVAL=36", "2026-06-01"), 4)).toEqual([
      "2026-06-01",
      "2026-06-02",
      "2026-06-04",
      "2026-06-05"
    ])
  })

  it.each([
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
    "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=6",
    "FREQ=HOURLY;INTERVAL=25;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3"
  ])("knows soon that %s never comes true", (rrule) => {
    const before = process.cpuUsage()
    expect(firstDay(schedule(rrule))).toEqual(Either.left("rrule gives no day from dtstart on"))
    const { system, user } = process.cpuUsage(before)
    // the calendar once, where it took the library 2 seconds to go through eight thousand years
    expect((system + user) / 1000).toBeLessThan(1000)
  })

  it("gives up where it would have to count for ever", () => {
    const long = schedule("FREQ=DAILY;COUNT=999999999", "0001-01-01")
    expect(dayAfter(long, "2026-06-01")).toEqual(Either.right("2026-06-02"))
    expect(dayAfter(long, "9000-06-01")).toEqual(Either.left("rrule counts too many days"))
  })
})

describe("found W23: UNTIL in UTC beside a zone, as python-dateutil 2.9.0 answers", () => {
  it.each<readonly [rrule: string, dtstart: string, timezone: string, days: string]>([
    ["FREQ=DAILY;UNTIL=20260102T225959Z", "2026-01-01", "Europe/Berlin", "2026-01-01 2026-01-02"],
    ["FREQ=DAILY;UNTIL=20260102T230000Z", "2026-01-01", "Europe/Berlin", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260102T233000Z", "2026-01-01", "Europe/Berlin", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260103T000000Z", "2026-01-01", "Europe/Berlin", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260103T225959Z", "2026-01-01", "Europe/Berlin", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260103T000000Z", "2026-01-01", "America/New_York", "2026-01-01 2026-01-02"],
    ["FREQ=DAILY;UNTIL=20260103T045959Z", "2026-01-01", "America/New_York", "2026-01-01 2026-01-02"],
    ["FREQ=DAILY;UNTIL=20260103T050000Z", "2026-01-01", "America/New_York", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260104T020000Z", "2026-01-01", "America/New_York", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260102T150000Z", "2026-01-01", "Asia/Tokyo", "2026-01-01 2026-01-02 2026-01-03"],
    ["FREQ=DAILY;UNTIL=20260102T145959Z", "2026-01-01", "Asia/Tokyo", "2026-01-01 2026-01-02"],
    ["FREQ=DAILY;UNTIL=20260328T225959Z", "2026-03-27", "Europe/Berlin", "2026-03-27 2026-03-28"],
    ["FREQ=DAILY;UNTIL=20260328T230000Z", "2026-03-27", "Europe/Berlin", "2026-03-27 2026-03-28 2026-03-29"],
    ["FREQ=DAILY;UNTIL=20260329T215959Z", "2026-03-27", "Europe/Berlin", "2026-03-27 2026-03-28 2026-03-29"],
    ["FREQ=DAILY;UNTIL=20260329T220000Z", "2026-03-27", "Europe/Berlin", "2026-03-27 2026-03-28 2026-03-29 2026-03-30"],
    [
      "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261026T040000Z",
      "2026-10-12",
      "America/New_York",
      "2026-10-12 2026-10-19 2026-10-26"
    ],
    [
      "FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20261130T110000Z",
      "2026-09-01",
      "Pacific/Auckland",
      "2026-09-30 2026-10-31 2026-11-30"
    ],
    ["FREQ=DAILY;UNTIL=20260102T100000Z", "2026-01-01", "Pacific/Kiritimati", "2026-01-01 2026-01-02 2026-01-03"]
  ])("%s from %s in %s", (rrule, dtstart, timezone, expected) => {
    expect(days({ rrule, dtstart, timezone }, 6).join(" ")).toBe(expected)
  })

  it.each<readonly [rrule: string, dtstart: string, days: string]>([
    ["FREQ=YEARLY;BYEASTER=0", "2026-01-01", "2026-04-05 2027-03-28 2028-04-16 2029-04-01"],
    ["FREQ=YEARLY;BYEASTER=-2,39", "2026-01-01", "2026-04-03 2026-05-14 2027-03-26 2027-05-06"],
    ["FREQ=DAILY;BYEASTER=1;COUNT=3", "2026-01-01", "2026-04-06 2027-03-29 2028-04-17"],
    ["FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "2026-01-01", "2026-05-11 2027-05-17 2028-05-15 2029-05-14"],
    ["FREQ=YEARLY;BYWEEKNO=53", "2026-01-01", "2026-12-28 2026-12-29 2026-12-30 2026-12-31"],
    ["FREQ=YEARLY;BYYEARDAY=-1,60", "2027-03-01", "2027-03-01 2027-12-31 2028-02-29 2028-12-31"],
    ["FREQ=YEARLY;BYDAY=20MO", "2026-01-01", "2026-05-18 2027-05-17 2028-05-15 2029-05-14"],
    ["FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10", "2026-01-01", "2026-03-29 2026-10-25 2027-03-28 2027-10-31"],
    ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-31", "2026-02-27 2026-03-31 2026-04-30 2026-05-29"],
    ["FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,-1;INTERVAL=2", "2026-01-20", "2026-01-26 2026-03-02 2026-03-30 2026-05-04"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", "1997-08-05 1997-08-17 1997-08-19 1997-08-31"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", "1997-08-05 1997-08-10 1997-08-19 1997-08-24"],
    ["FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1", "2026-01-07", "2026-01-09 2026-01-16 2026-01-23 2026-01-30"],
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "1999-01-01", "2000-02-29 2004-02-29 2008-02-29 2012-02-29"],
    ["FREQ=DAILY;INTERVAL=10;BYMONTH=1,2", "2026-01-05", "2026-01-05 2026-01-15 2026-01-25 2026-02-04"],
    ["FREQ=MONTHLY;BYMONTHDAY=-31", "2026-01-15", "2026-03-01 2026-05-01 2026-07-01 2026-08-01"],
    [
      "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
      "1996-11-05",
      "1996-11-05 2000-11-07 2004-11-02 2008-11-04"
    ]
  ])("and %s from %s", (rrule, dtstart, expected) => {
    expect(days(schedule(rrule, dtstart)).join(" ")).toBe(expected)
  })
})
