// @ts-check
// Instants in words, in the viewer's zone. The page says the zone once (zone()).

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The viewer's zone by name, as the page says it. */
export function zone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

/**
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {(at: Date) => string}
 */
function formatter(options) {
  const format = new Intl.DateTimeFormat("en-GB", options);
  return (at) => format.format(at).replace(/Sept/g, "Sep").replace(/, /g, " ");
}

const dayShort = formatter({ day: "numeric", month: "short" });
const dayYear = formatter({ day: "numeric", month: "short", year: "numeric" });
const dayWeek = formatter({ weekday: "short", day: "numeric", month: "short" });
const dayWeekYear = formatter({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const dayUTC = formatter({ day: "numeric", month: "short", timeZone: "UTC" });
const dayYearUTC = formatter({ weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const dateUTC = formatter({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const clockShort = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockLong = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

/**
 * "now", "3 min ago", "5 h ago", "yesterday", "12 days ago", then the date.
 * What lies ahead reads "in 3 min".
 * @param {string} iso
 * @param {number} [now] milliseconds
 */
export function ago(iso, now = Date.now()) {
  const at = new Date(iso);
  const gone = now - at.getTime();
  if (Number.isNaN(gone)) return iso;
  const span = Math.abs(gone);
  /** @param {string} words */
  const side = (words) => (gone >= 0 ? `${words} ago` : `in ${words}`);
  if (span < 10_000) return "now";
  if (span < MINUTE) return side(`${Math.floor(span / 1000)} s`);
  if (span < HOUR) return side(`${Math.floor(span / MINUTE)} min`);
  if (span < DAY) return side(`${Math.floor(span / HOUR)} h`);
  if (gone > 0 && span < 2 * DAY) return "yesterday";
  if (span < 30 * DAY) return side(`${Math.floor(span / DAY)} days`);
  return date(iso, now);
}

/**
 * "2 Feb" this year, "31 Jan 2025" in another.
 * @param {string} iso
 * @param {number} [now]
 */
export function date(iso, now = Date.now()) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return at.getFullYear() === new Date(now).getFullYear() ? dayShort(at) : dayYear(at);
}

/**
 * A date that a customer's attribute holds: a plain date is the same day everywhere,
 * an instant is read in the viewer's zone, to the minute.
 * @param {string} text
 */
export function valueDate(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return dateUTC(at);
  return `${dayYear(at)}, ${clockShort(at)}`;
}

/**
 * The instant in full, for a hover: "Mon 23 Nov 2026, 14:05:09.120 Africa/Lagos".
 * @param {string} iso
 */
export function instant(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${dayWeekYear(at)}, ${clockLong(at)} ${zone()}`;
}

/** @param {string} iso */
export function clock(iso) {
  return clockShort(new Date(iso));
}

/** @param {string} iso */
export function clockExact(iso) {
  return clockLong(new Date(iso));
}

/**
 * The local day an instant falls on, as a key: "2026-11-23".
 * @param {string} iso
 */
export function dayKey(iso) {
  const at = new Date(iso);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
}

/**
 * How a group of the timeline is headed: "Today", "Yesterday", "Tue 2 Apr", with the year when it is another.
 * @param {string} iso
 * @param {number} [now]
 */
export function dayHead(iso, now = Date.now()) {
  const key = dayKey(iso);
  if (key === dayKey(new Date(now).toISOString())) return "Today";
  const before = new Date(now);
  before.setDate(before.getDate() - 1);
  if (key === dayKey(before.toISOString())) return "Yesterday";
  const at = new Date(iso);
  return at.getFullYear() === new Date(now).getFullYear() ? dayWeek(at) : dayWeekYear(at);
}

/**
 * A calendar day as the server counts it ("2026-11-01"), short for an axis.
 * @param {string} day
 */
export function dayLabel(day) {
  return dayUTC(new Date(`${day}T00:00:00Z`));
}

/** @param {string} day */
export function dayLong(day) {
  return dayYearUTC(new Date(`${day}T00:00:00Z`));
}

/**
 * How long since, in words: "3 days", "5 months", "2 years 3 months".
 * @param {string} iso
 * @param {number} [now]
 */
export function since(iso, now = Date.now()) {
  const days = Math.floor((now - new Date(iso).getTime()) / DAY);
  /** @param {number} n @param {string} unit */
  const say = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (days < 1) return "less than a day";
  if (days < 60) return say(days, "day");
  const months = Math.floor(days / 30.44);
  if (months < 12) return say(months, "month");
  const rest = months % 12;
  return say(Math.floor(months / 12), "year") + (rest > 0 ? ` ${say(rest, "month")}` : "");
}
