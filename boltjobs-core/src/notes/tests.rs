use super::*;

fn line(attempt: u32, message: impl Into<String>) -> LogLine {
    LogLine {
        at: Timestamp::EPOCH,
        level: LogLevel::Info,
        target: "t".into(),
        message: message.into(),
        attempt,
        skipped: 0,
    }
}

fn messages(log: &Log) -> Vec<&str> {
    log.lines().map(|line| line.message.as_str()).collect()
}

#[test]
fn a_flood_leaves_the_first_and_the_latest_half_with_the_number_between() {
    let mut log = Log::default();
    log.extend((0..5_000).map(|n| line(1, n.to_string())));
    let kept = messages(&log);
    assert_eq!(kept.len(), LOG_LINES);
    assert_eq!((kept[0], kept[499], kept[500], kept[999]), ("0", "499", "4500", "4999"));
    let skipped: Vec<_> = log.lines().map(|line| line.skipped).filter(|skipped| *skipped > 0).collect();
    assert_eq!(skipped, [4_000]);
}

#[test]
fn the_lines_of_earlier_attempts_go_first() {
    let mut log = Log::default();
    log.extend((0..900).map(|n| line(1, format!("1.{n}"))));
    log.extend((0..300).map(|n| line(2, format!("2.{n}"))));
    let kept = messages(&log);
    assert_eq!((kept[0], kept[699], kept[700], kept[999]), ("1.200", "1.899", "2.0", "2.299"));
    assert_eq!(log.lines().next().unwrap().skipped, 200);
    // Until none is left of them.
    log.extend((300..1_100).map(|n| line(2, format!("2.{n}"))));
    let kept = messages(&log);
    assert_eq!((kept[0], kept[499], kept[500], kept[999]), ("2.0", "2.499", "2.600", "2.1099"));
    let skipped: u64 = log.lines().map(|line| line.skipped).sum();
    assert_eq!(skipped, 900 + 100);
}

#[test]
fn long_lines_are_bounded_by_their_bytes() {
    let mut log = Log::default();
    log.extend((0..200).map(|n| line(1, format!("{n:08000}"))));
    let bytes: usize = log.lines().map(|line| line.message.len()).sum();
    assert!(bytes <= LOG_BYTES && bytes > LOG_BYTES - 3 * 8_000, "{bytes}");
    assert_eq!(log.len() as u64 + log.lines().map(|line| line.skipped).sum::<u64>(), 200);
    assert_eq!(log.lines().map(LogLine::weight).sum::<usize>(), log.weight());
}

#[test]
fn what_has_a_name_is_replaced_under_it() {
    let mut notes = Notes::default();
    let bar = |name: &str, done| Note::Bar(Bar { name: name.into(), done, total: 9 });
    notes.take(bar("rows", 1));
    notes.take(bar("files", 1));
    notes.take(bar("rows", 2));
    assert_eq!(
        notes.bars.iter().map(|bar| (&*bar.name, bar.done)).collect::<Vec<_>>(),
        [("rows", 2), ("files", 1)]
    );
    for n in 0..BARS {
        notes.take(bar(&n.to_string(), 0));
    }
    assert_eq!((notes.bars.len(), &*notes.bars[0].name), (BARS, "0"));
}
