//! Times and dates, as APIs write them. Strict: what does not say which moment it means is refused, never guessed.

const DAY: i64 = 86_400_000_000;
/// 0001-01-01 and the day after 9999-12-31, in days since 1970.
const FIRST_DAY: i64 = -719_162;
const PAST_LAST_DAY: i64 = 2_932_897;

/// What was expected where a text is no time.
pub(crate) type Expected = &'static str;
const TIME: Expected = "a time such as 2026-01-05T10:20:30Z";
const ZONE: Expected = "a time with a zone (Z or +hh:mm)";
const DATE: Expected = "a date such as 2026-01-05";
const SPAN: Expected = "a time between the years 0001 and 9999";
const EPOCH: Expected = "a number of seconds or milliseconds since 1970";

/// Microseconds since 1970 of `YYYY-MM-DDTHH:MM[:SS[.fraction]]` with `Z`, `±HH:MM` or `±HHMM`.
///
/// Digits beyond microseconds are dropped, which is towards the past. A leap second (`:60`) is the last microsecond before it:
/// it stays in its own minute and after all that came before.
pub(crate) fn timestamp(text: &str) -> Result<i64, Expected> {
    let mut rest = Rest(text.as_bytes());
    let days = rest.date().ok_or(TIME)?;
    let time = rest.time().ok_or(TIME)?;
    let offset = rest.zone().ok_or(ZONE)?;
    if !rest.0.is_empty() {
        return Err(TIME);
    }
    in_span(days * DAY + time - offset)
}

/// Days since 1970 of `YYYY-MM-DD`; of a time, the date as it is written there, whatever its zone.
pub(crate) fn date(text: &str) -> Result<i32, Expected> {
    let mut rest = Rest(text.as_bytes());
    let days = rest.date().ok_or(DATE)?;
    if !rest.0.is_empty() {
        rest.time().ok_or(DATE)?;
        if !rest.0.is_empty() {
            rest.zone().ok_or(DATE)?;
        }
    }
    if !rest.0.is_empty() {
        return Err(DATE);
    }
    i32::try_from(days).map_err(|_| DATE)
}

/// Days since 1970 of a moment, in UTC.
pub(super) fn day_of(micros: i64) -> Result<i32, Expected> {
    i32::try_from(micros.div_euclid(DAY)).map_err(|_| SPAN)
}

/// Microseconds since 1970 of a whole number of units of `unit` microseconds.
pub(super) fn epoch(count: i64, unit: i64) -> Result<i64, Expected> {
    in_span(count.checked_mul(unit).ok_or(SPAN)?)
}

/// The same of a number with a fraction. Rounded to the nearest: a double holds `1767608400.123456` only nearly.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "units are small, and what leaves the span is refused")]
pub(super) fn epoch_float(count: f64, unit: i64) -> Result<i64, Expected> {
    in_span((count * unit as f64).round() as i64)
}

/// The same of a decimal number in a text, digit by digit; what is finer than a microsecond is cut towards the past.
pub(super) fn epoch_text(text: &str, unit: i64) -> Result<i64, Expected> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if [whole, fraction].iter().any(|part| part.is_empty() || !part.bytes().all(|c| c.is_ascii_digit())) {
        return Err(EPOCH);
    }
    let mut micros = whole.parse::<i64>().ok().and_then(|whole| whole.checked_mul(unit)).ok_or(SPAN)?;
    let (mut step, mut finer) = (unit, false);
    for digit in fraction.bytes().map(|c| i64::from(c - b'0')) {
        step /= 10;
        micros = micros.checked_add(digit * step).ok_or(SPAN)?;
        finer |= step == 0 && digit > 0;
    }
    in_span(if negative { -micros - i64::from(finer) } else { micros })
}

fn in_span(micros: i64) -> Result<i64, Expected> {
    if (FIRST_DAY * DAY..PAST_LAST_DAY * DAY).contains(&micros) { Ok(micros) } else { Err(SPAN) }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, tail) = self.0.split_at_checked(digits)?;
        let number = head.iter().try_fold(0, |number, c| c.is_ascii_digit().then(|| number * 10 + i64::from(c - b'0')))?;
        self.0 = tail;
        Some(number)
    }

    fn below(&mut self, limit: i64) -> Option<i64> {
        self.number(2).filter(|number| *number < limit)
    }

    fn eat(&mut self, any: &[u8]) -> Option<u8> {
        let (first, tail) = self.0.split_first()?;
        any.contains(first).then(|| {
            self.0 = tail;
            *first
        })
    }

    /// `YYYY-MM-DD`, in days since 1970.
    fn date(&mut self) -> Option<i64> {
        let year = self.number(4)?;
        self.eat(b"-")?;
        let month = self.number(2)?;
        self.eat(b"-")?;
        let day = self.number(2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if year == 0 || day == 0 || day > length {
            return None;
        }
        // Years that start in March put the leap day last. 719_468 days are from 0000-03-01 to 1970-01-01.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        Some(year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468)
    }

    /// `THH:MM[:SS[.fraction]]`, in microseconds.
    fn time(&mut self) -> Option<i64> {
        self.eat(b"Tt ")?;
        let hour = self.below(24)?;
        self.eat(b":")?;
        let minutes = hour * 60 + self.below(60)?;
        if self.eat(b":").is_none() {
            return Some(minutes * 60_000_000);
        }
        let second = self.below(61)?;
        let mut fraction = 0;
        if self.eat(b".").is_some() {
            let mut step = 100_000;
            fraction = self.number(1)? * step;
            while let Some(digit) = self.number(1) {
                step /= 10;
                fraction += digit * step;
            }
        }
        let seconds = if second == 60 { 59_999_999 } else { second * 1_000_000 + fraction };
        Some(minutes * 60_000_000 + seconds)
    }

    /// `Z`, `±HH:MM` or `±HHMM`, in microseconds.
    fn zone(&mut self) -> Option<i64> {
        let sign = match self.eat(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hour = self.below(24)?;
        self.eat(b":");
        Some(sign * (hour * 60 + self.below(60)?) * 60_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_spellings() {
        let whole = 1_767_608_430_000_000;
        for (text, micros) in [
            ("2026-01-05T10:20:30Z", whole),
            ("2026-01-05t10:20:30z", whole),
            ("2026-01-05 10:20:30Z", whole),
            ("2026-01-05T12:20:30+02:00", whole),
            ("2026-01-05T12:20:30+0200", whole),
            ("2026-01-05T04:50:30-05:30", whole),
            ("2026-01-05T10:20:30-00:00", whole),
            ("2026-01-05T10:20Z", whole - 30_000_000),
            ("2026-01-05T10:20:30.5Z", whole + 500_000),
            ("2026-01-05T10:20:30.123456999Z", whole + 123_456),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("1970-01-01T00:00:00Z", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_799_999_999),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("0001-01-01T00:00:00Z", FIRST_DAY * DAY),
            ("9999-12-31T23:59:59.999999Z", PAST_LAST_DAY * DAY - 1),
        ] {
            assert_eq!(timestamp(text), Ok(micros), "{text}");
        }
    }

    #[test]
    fn no_time() {
        for text in [
            "",
            "x",
            "2026-01-05",
            "2026-1-05T10:20:30Z",
            "2026-02-30T10:20:30Z",
            "2025-02-29T10:20:30Z",
            "1900-02-29T10:20:30Z",
            "2026-13-01T10:20:30Z",
            "2026-00-01T10:20:30Z",
            "2026-01-00T10:20:30Z",
            "0000-01-01T10:20:30Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T10:60:00Z",
            "2026-01-05T10:20:61Z",
            "2026-01-05T10:20:30.Z",
            "2026-01-05T10:20:30Z ",
            "2026-01-05T10:20:30ZZ",
            "2026-01-05T10:20:30+2",
            "2026-01-05T10:20:30+02",
            "2026-01-05T10:20:30+24:00",
            "2026-01-05T10:20:30 +02:00",
            "+026-01-05T10:20:30Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "２026-01-05T10:20:30Z",
        ] {
            assert!(timestamp(text).is_err(), "{text}");
        }
        assert_eq!(timestamp("2026-01-05T10:20:30"), Err(ZONE));
        assert_eq!(timestamp("2026-01-05T10:20:30.5"), Err(ZONE));
    }

    #[test]
    fn dates() {
        assert_eq!(date("1970-01-02"), Ok(1));
        assert_eq!(date("1969-12-31"), Ok(-1));
        for text in ["2026-01-05", "2026-01-05T23:59:59-12:00", "2026-01-05T00:00", "2026-01-05 00:00:00.5Z"] {
            assert_eq!(date(text), Ok(20_458), "{text}");
        }
        for text in ["", "2026-02-29", "2026-01-05T", "2026-01-05x", "05.01.2026", "2026-01-05T25:00Z", "2026-01-05T00:00Zx"] {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_day_follows_the_day_before() {
        let mut last = FIRST_DAY - 1;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(days) = Rest(format!("{year:04}-{month:02}-{day:02}").as_bytes()).date() {
                        assert_eq!(days, last + 1);
                        last = days;
                    }
                }
            }
        }
        assert_eq!(last, PAST_LAST_DAY - 1);
    }

    #[test]
    fn epochs() {
        assert_eq!(epoch(-1, 1_000_000), Ok(-1_000_000));
        assert!(epoch(i64::MAX, 1000).is_err());
        assert!(epoch(1_767_608_400_000, 1_000_000).is_err(), "milliseconds taken for seconds");
        assert_eq!(epoch_float(1_767_608_400.123_456, 1_000_000), Ok(1_767_608_400_123_456));
        assert_eq!(epoch_float(-0.5, 1_000), Ok(-500));
        assert!(epoch_float(1e300, 1).is_err());
        assert!(epoch_float(f64::NAN, 1).is_ok_and(|micros| micros == 0), "JSON has no NaN");
        for (text, unit, micros) in [
            ("1767608400", 1_000_000, 1_767_608_400_000_000),
            ("1767608400.123456", 1_000_000, 1_767_608_400_123_456),
            ("1767608400.1234569", 1_000_000, 1_767_608_400_123_456),
            ("1767608400123", 1000, 1_767_608_400_123_000),
            ("-1.5", 1_000_000, -1_500_000),
            ("-0.0000001", 1_000_000, -1),
            ("-0.0000000", 1_000_000, 0),
        ] {
            assert_eq!(epoch_text(text, unit), Ok(micros), "{text}");
        }
        for text in ["", "-", "1.", ".5", "1e9", "+1", "--1", "x", "99999999999999999999"] {
            assert!(epoch_text(text, 1_000_000).is_err(), "{text}");
        }
        assert_eq!(day_of(-1), Ok(-1));
        assert_eq!(day_of(DAY), Ok(1));
    }
}
