//! What the app around the pages says of itself and of its store.

use std::sync::Arc;

use boltjobs_core::JobState;
use boltjobs_core::Timestamp;
use boltjobs_core::job::Job;
use boltjobs_core::store::{Keep, Retention};
use boltjobs_core::text::shown;

use crate::saved::NAME;

/// What every page may tell of the app.
#[derive(Debug, Default)]
pub(crate) struct Site {
    /// For how long jobs are kept, where that is known.
    pub(crate) retention: Option<Retention>,
    /// Where more is known of a job.
    pub(crate) links: Vec<Link>,
    /// What the pages are called.
    pub(crate) title: Option<Arc<str>>,
    /// Where the rest of the app is.
    pub(crate) home: Option<Arc<str>>,
    /// The colour of the name of where the program runs.
    pub(crate) colour: Option<&'static str>,
}

/// The colours that the name of where the program runs can have. Each is a class of the style.
const COLOURS: [&str; 5] = ["grey", "green", "blue", "amber", "red"];

impl Site {
    /// Returns the names of the links that lead to where more is known of a trace, with where they lead.
    pub(crate) fn of_trace<'a>(&'a self, trace: &str) -> impl Iterator<Item = (&'a str, String)> {
        self.links.iter().filter_map(move |link| Some((&*link.name, link.of_trace(trace)?)))
    }

    /// Returns when a job is removed that has ended, unless it is kept for ever; and how many of its state are kept at most.
    pub(crate) fn removed(&self, job: &Job) -> Option<(Option<Timestamp>, Option<u64>)> {
        let Keep { age, count } = self.keep(job.state)?;
        let at = Some(job.since.plus(age)).filter(|at| *at < Timestamp::MAX);
        (at.is_some() || count.is_some()).then_some((at, count))
    }

    /// Returns for how long jobs are kept that have ended in a state.
    pub(crate) fn keep(&self, state: JobState) -> Option<Keep> {
        state.is_final().then(|| self.retention.map(|retention| retention.of(state)))?
    }
}

/// A link from each job to where more is known of it, as to its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) name: String,
    template: String,
}

/// What stands for the id of the job and for that of its trace, each of hexadecimal digits and hyphens.
const JOB: &str = "{job}";
const TRACE: &str = "{trace_id}";

impl Link {
    /// Checks a link and its name.
    ///
    /// # Errors
    /// What is wrong, and how to mend it.
    pub(crate) fn new(name: &str, template: &str) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            let name = shown(name);
            return Err(format!(
                "`{name}` can't be the name of a link; use 1 to {NAME} characters in one line"
            ));
        }
        legal(template).map_err(|why| format!("the link `{name}`: {why}"))?;
        let rest = template.replace(JOB, "").replace(TRACE, "");
        if rest.len() == template.len() || rest.contains(['{', '}']) {
            let template = shown(template);
            return Err(format!(
                "the link `{name}`: `{template}` has to hold `{JOB}` or `{TRACE}`, and no other braces"
            ));
        }
        Ok(Self { name: name.to_owned(), template: template.to_owned() })
    }

    /// Returns where it leads for a job. One that nobody traces is a trace of its own, under its id.
    pub(crate) fn of(&self, job: &Job) -> String {
        let trace = job.spec.trace.as_deref().and_then(|trace| trace.get(3..35));
        let trace = trace.filter(|trace| trace.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let own = || format!("{:032x}", job.id.as_u128());
        let trace = trace.map_or_else(own, str::to_owned);
        self.template.replace(JOB, &job.id.to_string()).replace(TRACE, &trace)
    }

    /// Returns where it leads for a trace; nowhere where it is about a job, too.
    fn of_trace(&self, trace: &str) -> Option<String> {
        (!self.template.contains(JOB)).then(|| self.template.replace(TRACE, trace))
    }
}

/// Checks what the pages are called.
pub(crate) fn title(text: &str) -> Result<Arc<str>, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
        let text = shown(text);
        return Err(format!(
            "`{text}` can't be the title of the pages; use 1 to {NAME} characters in one line"
        ));
    }
    Ok(text.into())
}

/// Checks where the rest of the app is.
pub(crate) fn home(address: &str) -> Result<Arc<str>, String> {
    legal(address).map(|()| address.into())
}

/// Finds a colour.
pub(crate) fn colour(name: &str) -> Result<&'static str, String> {
    let unknown = || {
        let (name, names) = (shown(name), COLOURS.map(|colour| format!("`{colour}`")).join(", "));
        format!("there is no colour `{name}`; use one of {names}")
    };
    COLOURS.into_iter().find(|colour| *colour == name).ok_or_else(unknown)
}

/// Checks what an app says of itself, as far as it says anything: a title, where the rest of it is, and a colour.
///
/// # Errors
/// What is wrong with each, and how to mend it.
#[doc(hidden)]
pub fn check_site(title: Option<&str>, home: Option<&str>, colour: Option<&str>) -> Result<(), String> {
    title.map(self::title).transpose()?;
    home.map(self::home).transpose()?;
    colour.map(self::colour).transpose().map(drop)
}

/// Checks an address to which a page may lead: one that runs no code.
pub(crate) fn legal(address: &str) -> Result<(), String> {
    let known = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    // Two slashes would lead to another host.
    let own = address.starts_with('/') && !address.starts_with("//");
    let plain = |letter: char| letter.is_ascii_graphic() && !r#"\"'<>`"#.contains(letter);
    if (known || own) && address.chars().all(plain) {
        return Ok(());
    }
    let address = shown(address);
    Err(format!(
        "`{address}` is no address; begin with `https://`, `http://` or `/`, and encode blanks and quotes"
    ))
}

/// Checks a link of each job, and its name.
///
/// # Errors
/// What is wrong, and how to mend it.
#[doc(hidden)]
pub fn check_link(name: &str, template: &str) -> Result<(), String> {
    Link::new(name, template).map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use boltjobs_core::JobId;
    use boltjobs_core::engine::Engine;
    use boltjobs_core::job::{JobSpec, NewJob};

    use super::*;

    fn job(trace: Option<&str>) -> Job {
        let spec = JobSpec { trace: trace.map(str::to_owned), ..JobSpec::new("pay", &b"{}"[..]) };
        let (id, mut engine) = (JobId::from_parts(Timestamp::EPOCH, 1), Engine::default());
        engine
            .at(Timestamp::EPOCH, &mut ())
            .enqueue(vec![NewJob { id, spec: spec.into(), start_at: None }])
            .unwrap();
        engine.job(id).unwrap().into_owned()
    }

    #[test]
    fn a_link_has_the_id_of_the_job_and_that_of_its_trace() {
        let link = Link::new(" Trace ", "https://t.example/{trace_id}?job={job}").unwrap();
        assert_eq!(link.name, "Trace");
        let traced = job(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        let id = traced.id;
        assert_eq!(link.of(&traced), format!("https://t.example/4bf92f3577b34da6a3ce929d0e0e4736?job={id}"));
        for untraced in [job(None), job(Some("00-\"><script>alert(1)</script>aaaaaaaaaaaaaaaa-01"))] {
            let own = id.to_string().replace('-', "");
            assert_eq!(link.of(&untraced), format!("https://t.example/{own}?job={id}"));
        }
    }

    #[test]
    fn a_link_that_could_run_code_or_leads_nowhere_is_refused() {
        for wrong in [
            "javascript:alert('{job}')",
            "//evil.example/{job}",
            "https://t.example/",
            "https://t.example/{job}/{span}",
            "https://t.example/{job}\" onclick=\"x",
            "logs/{job}",
        ] {
            let fault = Link::new("Logs", wrong).unwrap_err();
            assert!(fault.starts_with("the link `Logs`: "), "{fault}");
        }
        assert!(Link::new("", "/{job}").is_err());
        assert!(Link::new("Logs", "/logs?job={job}").is_ok());
    }

    #[test]
    fn what_an_app_says_of_itself_is_checked() {
        assert_eq!(check_site(Some("Acme"), Some("/admin"), Some("red")), Ok(()));
        assert!(check_site(Some("two\nlines"), None, None).unwrap_err().contains("1 to 40 characters"));
        assert!(check_site(None, Some("javascript:alert(1)"), None).unwrap_err().contains("is no address"));
        assert!(check_site(None, None, Some("pink")).unwrap_err().contains("use one of `grey`, `green`"));
    }

    #[test]
    fn what_has_ended_says_when_it_is_removed() {
        let mut job = job(None);
        let site = |keep| Site { retention: Some(Retention::default().succeeded(keep)), ..Site::default() };
        let day = Duration::from_hours(24);
        assert_eq!(site(Keep::for_age(day)).removed(&job), None, "it has not ended");
        job.state = JobState::Succeeded;
        let end = Some(job.since.plus(day));
        assert_eq!(site(Keep::for_age(day)).removed(&job), Some((end, None)));
        assert_eq!(site(Keep::for_age(day).at_most(9)).removed(&job), Some((end, Some(9))));
        assert_eq!(site(Keep::forever().at_most(9)).removed(&job), Some((None, Some(9))));
        assert_eq!(site(Keep::forever()).removed(&job), None);
        assert_eq!(Site::default().removed(&job), None);
    }
}
