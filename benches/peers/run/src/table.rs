//! The report as Markdown.

use crate::{CASES, Measured, Report, Row, SYNCED};

pub fn markdown(report: &Report) -> String {
    let disk: Vec<_> = report.disk_per_second.iter().map(|rate| grouped(*rate)).collect();
    let mut text = format!(
        "Medians of {} runs, {} s for each case. The disk by itself: {} times 4 KiB appended and synced in a second.\n\n",
        report.runs,
        report.seconds,
        disk.join(", ")
    );
    text += "Jobs in a second; in brackets p50 / p99 in ms.\n\n";
    let header = ["peer, setting"].into_iter().chain(CASES.iter().copied());
    table(&mut text, header.collect(), report, |row| {
        CASES
            .iter()
            .map(|case| row.cases.get(*case).map_or("-".to_owned(), |measured| cell(case, measured)))
            .collect()
    });
    text += "\nMicroseconds of both cores for each job, which other work on the machine changes least.\n\n";
    let spent = ["enqueue 1", "enqueue 64", "drain", "life 64"];
    table(&mut text, ["peer, setting"].into_iter().chain(spent).collect(), report, |row| {
        let cpu =
            |case: &&str| row.cases.get(*case).and_then(|measured| measured.cpu_us).filter(|cpu| *cpu > 0.0);
        spent.iter().map(|case| cpu(case).map_or("-".to_owned(), rounded)).collect()
    });
    text += "\nHow each is set up, and how often it syncs the disk for each job.\n\n";
    let header = ["peer, setting", "versions", "on disk", "how"].into_iter().chain(SYNCED.iter().copied());
    table(&mut text, header.collect(), report, |row| {
        let setting = &row.setting;
        let mut cells = vec![row.versions.join(", "), setting.on_disk.clone(), setting.how.clone()];
        cells.extend(
            SYNCED.iter().map(|case| {
                row.syncs_per_job.get(*case).map_or("-".to_owned(), |syncs| format!("{syncs:.3}"))
            }),
        );
        cells
    });
    let notes: Vec<_> = report.rows.iter().flat_map(notes).collect();
    if !notes.is_empty() {
        text += &format!("\nWhat went otherwise than it should:\n\n{}\n", notes.join("\n"));
    }
    text
}

fn table(text: &mut String, header: Vec<&str>, report: &Report, cells: impl Fn(&Measured) -> Vec<String>) {
    *text += &format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for row in &report.rows {
        *text += &format!("| {}, {} | {} |\n", row.peer, row.setting.name, cells(row).join(" | "));
    }
}

fn cell(case: &str, row: &Row) -> String {
    if row.jobs == 0 {
        return "failed".to_owned();
    }
    let latency = |value: Option<f64>| value.map_or("-".to_owned(), rounded);
    let latencies = format!("{} / {}", latency(row.p50_ms), latency(row.p99_ms));
    match case {
        "idle" => latencies,
        "drain" => format!("{} ({})", grouped(row.per_second), grouped(row.jobs as f64)),
        _ if row.p50_ms.is_some() => format!("{} ({latencies})", grouped(row.per_second)),
        _ => grouped(row.per_second),
    }
}

fn notes(row: &Measured) -> Vec<String> {
    let about = |(case, measured): (&String, &Row)| {
        let notes = measured.notes.join("; ");
        (!notes.is_empty()).then(|| format!("- {}, {}, {case}: {notes}", row.peer, row.setting.name))
    };
    row.cases.iter().filter_map(about).collect()
}

/// Two or three digits that count.
fn rounded(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        _ => grouped(value),
    }
}

/// `12,345` for 12345.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
