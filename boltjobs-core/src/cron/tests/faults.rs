//! What a wrong expression is told.

use super::*;

fn fault(text: &str) -> String {
    Cron::parse(text).unwrap_err().to_string()
}

#[test]
fn a_fault_names_the_field_and_the_way_to_mend_it() {
    let weekday = "write 0 to 7 (0 and 7 are Sunday), or SUN to SAT, or `FRIL`, `FRI#2` or `?`";
    let month_day = "write 1 to 31, or `L`, `L-3`, `15W`, `LW` or `?`";
    let cases = [
        ("60 * * * *", "minute `60`", "write 0 to 59"),
        ("61 * * * * *", "second `61`", "write 0 to 59"),
        ("0 24 * * *", "hour `24`", "write 0 to 23"),
        ("0 0 0 * *", "day of the month `0`", month_day),
        ("0 0 32 * *", "day of the month `32`", month_day),
        ("0 0 * 13 *", "month `13`", "write 1 to 12, or JAN to DEC"),
        ("0 0 * JANUARY *", "month `JANUARY`", "write 1 to 12, or JAN to DEC"),
        ("0 0 * * 8", "day of the week `8`", weekday),
        ("0 0 * * FRIDAY", "day of the week `FRIDAY`", weekday),
        ("0 0 * * MON-", "day of the week ``", weekday),
        ("1,,2 * * * *", "minute ``", "write 0 to 59"),
        ("-5 * * * *", "minute ``", "write 0 to 59"),
        ("+5 * * * *", "minute `+5`", "write 0 to 59"),
        ("? * * * *", "minute `?`", "write 0 to 59"),
        ("1-2-3 * * * *", "minute `2-3`", "write 0 to 59"),
        ("99999999999 * * * *", "minute `99999999999`", "write 0 to 59"),
        ("0 0 ?,1 * *", "day of the month `?`", month_day),
        (
            "*/0 * * * *",
            "minute `*/0`",
            "write a step from 1 to 60 after the `/`, or `@every` and an interval",
        ),
        (
            "*/90 * * * *",
            "minute `*/90`",
            "write a step from 1 to 60 after the `/`, or `@every` and an interval",
        ),
        ("0 0 */x * *", "day of the month `*/x`", "write a step from 1 to 31 after the `/`"),
    ];
    for (text, field, mend) in cases {
        assert_eq!(fault(text), format!("invalid {field} in cron `{text}`; {mend}"));
    }
}

#[test]
fn a_wrong_day_is_told_what_days_there_are() {
    let month = "write `L` for the last day, `L-1` to `L-30` for days before it, `LW` for the last from Monday to \
                 Friday, or `1W` to `31W` for the nearest from Monday to Friday";
    for part in ["32W", "W", "0W", "L-31", "L-0", "L3", "L-3W", "1-5W", "LL"] {
        let text = format!("0 0 {part} * *");
        assert_eq!(fault(&text), format!("invalid day of the month `{part}` in cron `{text}`; {month}"));
    }
    let week = "write `FRIL` for the last Friday of the month, or `FRI#1` to `FRI#5` for one of them";
    for part in ["L", "FRI#6", "FRI#0", "8#1", "#1", "FRI#", "MON-FRIL", "XXXL"] {
        let text = format!("0 0 * * {part}");
        assert_eq!(fault(&text), format!("invalid day of the week `{part}` in cron `{text}`; {week}"));
    }
}

#[test]
fn a_wrong_number_of_fields_is_told_how_many_there_are() {
    assert_eq!(
        fault("0 0 0 1 1 * 2027"),
        "cron `0 0 0 1 1 * 2027` has 7 fields; there is no field for the year, write 5, or 6 with seconds first"
    );
    assert_eq!(
        fault("* * *"),
        "cron `* * *` has 3 fields; write 5, as in `0 9 * * MON-FRI`, or 6 with seconds first"
    );
    for empty in ["", " \t\n"] {
        assert_eq!(
            fault(empty),
            "empty cron expression; write five fields, as in `0 9 * * MON-FRI`, or a shorthand such as `@daily`"
        );
    }
}

#[test]
fn a_wrong_shorthand_is_told_which_there_are() {
    for text in ["@reboot", "@", "@every5s", "@daily 5"] {
        assert_eq!(
            fault(text),
            format!(
                "unknown cron shorthand `{text}`; write @secondly, @minutely, @hourly, @daily, @midnight, @weekly, \
                 @monthly, @yearly, @annually, @never, or an interval such as `@every 90s`"
            )
        );
    }
    assert_eq!(
        fault("@every 90"),
        "cron `@every 90`: invalid duration `90`; add a unit: ms, s, m, h, d or w, as in `90s` or `1h30m`"
    );
    assert!(fault("@every").starts_with("cron `@every`: empty duration"));
    for text in ["@every 0s", "@every 36501d", "@every 18446744073709551615s"] {
        assert_eq!(fault(text), format!("interval out of range in cron `{text}`; write 1ms to 36500d"));
    }
}
