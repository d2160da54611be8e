use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone as _, Utc};

use crate::cron::Cron;

/// Expressions, and what is said of them.
const WORDS: [(&str, &str); 64] = [
    ("* * * * *", "every minute"),
    ("*/15 * * * *", "every 15 minutes"),
    ("0,15,30,45 * * * *", "every 15 minutes"),
    ("0-59 0-23 1-31 1-12 0-7", "every minute"),
    ("5/15 * * * *", "at every 15th minute from 5 to 50 of every hour"),
    ("*/7 * * * *", "at every 7th minute from 0 to 56 of every hour"),
    ("5,10 * * * *", "at minutes 5 and 10 of every hour"),
    ("20 * * * *", "at minute 20 of every hour"),
    ("0 * * * *", "every hour"),
    ("0 * * * MON", "every hour on Monday"),
    ("0 3 * * *", "at 03:00 every day"),
    ("30 8,18 * * *", "at 08:30 and 18:30 every day"),
    ("0,30 3,15 * * MON-FRI", "at 03:00, 03:30, 15:00 and 15:30 on Monday to Friday"),
    ("0 9-17 * * 1-5", "every hour from 09:00 to 17:00 on Monday to Friday"),
    ("30 */2 * * *", "every 2 hours from 00:30 to 22:30 every day"),
    ("0 */5 * * *", "every 5 hours from 00:00 to 20:00 every day"),
    ("0 22-2 * * *", "at 00:00, 01:00, 02:00, 22:00 and 23:00 every day"),
    ("*/15 8-17 * * MON-FRI", "every 15 minutes from 08:00 to 17:59 on Monday to Friday"),
    ("* 3 * * *", "every minute from 03:00 to 03:59 every day"),
    ("* 22-2 * * SUN", "every minute from 00:00 to 02:59 and from 22:00 to 23:59 on Sunday"),
    ("*/10 */2 * * *", "every 10 minutes in every 2nd hour from 0 to 22 every day"),
    ("*/10 1,4,6,9,15 * * *", "every 10 minutes in hours 1, 4, 6, 9 and 15 every day"),
    ("1-20 8-17 * * *", "at minutes 1 to 20 of hours 8 to 17 every day"),
    ("1-20 3 * * *", "at minutes 1 to 20 of hour 3 every day"),
    ("0 0 1 * *", "at 00:00 on the 1st of the month"),
    ("0 0 1,15 * *", "at 00:00 on the 1st and 15th of the month"),
    ("0 0 1-7,22 * *", "at 00:00 on the 1st to 7th and 22nd of the month"),
    ("0 0 */2 * *", "at 00:00 on every 2nd day from the 1st to the 31st of the month"),
    ("0 0 1 */3 *", "at 00:00 on the 1st of January, April, July and October"),
    ("0 0 31 2 *", "at 00:00 on the 31st of February"),
    ("0 0 29 FEB *", "at 00:00 on the 29th of February"),
    ("0 12 * JUN-AUG *", "at 12:00 every day in June to August"),
    ("* * * 12 *", "every minute in December"),
    ("0 18 L * *", "at 18:00 on the last day of the month"),
    ("0 18 L-1 * *", "at 18:00 on the day before the last day of the month"),
    ("0 18 L-3 6 *", "at 18:00 on the 3rd day before the last day of June"),
    ("0 18 LW * *", "at 18:00 on the last weekday of the month"),
    ("0 18 15W * *", "at 18:00 on the weekday of the month nearest to the 15th"),
    ("0 18 1W 1 ?", "at 18:00 on the weekday of January nearest to the 1st"),
    ("0 10 ? * MON#1", "at 10:00 on the first Monday of the month"),
    ("0 10 * 3 5#5", "at 10:00 on the fifth Friday of March"),
    ("0 10 * * FRIL", "at 10:00 on the last Friday of the month"),
    ("0 10 * * 0,7,SAT", "at 10:00 on Saturday and Sunday"),
    ("0 10 * * FRI-MON", "at 10:00 on Monday and Friday to Sunday"),
    ("0 10 * 5 MON", "at 10:00 on Monday in May"),
    ("0 9 13 * FRI", "at 09:00 on the 13th of the month and also on Friday"),
    ("0 9 13 1 FRI", "at 09:00 in January, on the 13th of the month and also on Friday"),
    ("0 9 1-31 * FRI", "at 09:00 every day"),
    ("0 9 */2 * MON", "at 09:00 on Monday, but only on every 2nd day from the 1st to the 31st of the month"),
    ("0 9 1,L * *", "at 09:00 on the 1st of the month and on the last day of the month"),
    (
        "* * 1,L 1-3 TUE,FRI#2",
        "every minute in January to March, on the 1st of the month and on the last day of the month and also on Tuesday and \
         on the second Friday of the month",
    ),
    ("* * * * * *", "every second"),
    ("*/10 * * * * *", "every 10 seconds"),
    ("*/10 * 9-10 * * *", "every 10 seconds from 09:00:00 to 10:59:59 every day"),
    ("*/10 5,6 * * * *", "every 10 seconds in minutes 5 and 6 of every hour"),
    ("30 * * * * *", "at second 30 of every minute"),
    ("30 * 8-17 * * *", "at second 30 of every minute of hours 8 to 17 every day"),
    ("15,45 0 3 * * *", "at 03:00:15 and 03:00:45 every day"),
    ("1-9 0-9 0-4 * * *", "at seconds 1 to 9 of minutes 0 to 9 of hours 0 to 4 every day"),
    ("@weekly", "at 00:00 on Sunday"),
    ("@yearly", "at 00:00 on the 1st of January"),
    ("@never", "never"),
    ("@every 90s", "every 1 minute and 30 seconds, counted from the time before"),
    ("@every 1h", "every hour, counted from the time before"),
];

#[test]
fn expressions_are_told_as_one_would_say_them() {
    for (text, words) in WORDS {
        assert_eq!(Cron::parse(text).unwrap().in_words(), words, "{text}");
    }
    for (text, span) in
        [("1d", "24 hours"), ("2w", "14 days of 24 hours"), ("1d1ms", "24 hours and 1 millisecond")]
    {
        let words = Cron::parse(&format!("@every {text}")).unwrap().in_words();
        assert_eq!(words, format!("every {span}, counted from the time before"));
    }
}

#[test]
fn expressions_of_which_the_same_is_said_fire_at_the_same_times() {
    let minutes = ["*", "0", "*/5", "0-59", "0-55/5", "7", "0,30", "5/15", "1-50", "59-0"];
    let hours = ["*", "0", "*/2", "0/2", "8-17", "22-2", "3,15", "0-23", "1,3,5,9,11"];
    let month_days = ["*", "?", "1", "1-31", "*/2", "1/2", "L", "L-1", "15W", "LW", "1,L", "*,L", "*/31"];
    let week_days = ["*", "?", "MON", "0-7", "*/2", "0/2", "FRI-MON", "FRI#2", "FRIL", "MON,FRIL", "*,1"];
    let from = Utc.with_ymd_and_hms(2026, 1, 30, 21, 30, 0).unwrap();
    let times = |cron: &Cron| -> Vec<DateTime<Utc>> {
        // The first ones of each week, so that hours, days and months are seen.
        (0..30)
            .flat_map(|week| cron.upcoming(from + chrono::TimeDelta::days(7 * week), Utc).take(3))
            .collect()
    };
    let mut told: BTreeMap<String, Cron> = BTreeMap::new();
    for day in month_days.iter().flat_map(|day| week_days.map(move |week| format!("{day} * {week}"))) {
        for time in minutes.iter().flat_map(|minute| hours.map(move |hour| format!("{minute} {hour}"))) {
            // With all of them it would take minutes; each kind of day meets each kind of time now and then.
            if (day.len() * 7
                + time.len() * 3
                + usize::from(time.as_bytes()[0])
                + usize::from(day.as_bytes()[0]))
                % 5
                > 0
            {
                continue;
            }
            let cron = Cron::parse(&format!("{time} {day}")).unwrap();
            let known = told.entry(cron.in_words()).or_insert_with(|| cron.clone());
            if *known != cron {
                assert_eq!(times(known), times(&cron), "`{known}` and `{cron}` are both {}", cron.in_words());
            }
        }
    }
}
