//! Definitions that the code declares, with `#[request(recurring(..))]`.

use boltjobs_core::cron::{Cron, Zone};
use boltjobs_core::recurring::{Definition, Overlap};

use super::checked;
use crate::error::{Error, Result};
use crate::pipeline::enqueue::JobOptions;
use crate::request::{DeclaredRecurring, RequestInfo};
use crate::runtime::Runtime;

/// Reads what the requests of a program declare.
pub(crate) fn definitions(requests: &[&'static RequestInfo], faults: &mut Vec<String>) -> Vec<Definition> {
    let mut definitions = Vec::new();
    for info in requests {
        for declared in info.recurring {
            match definition(info, declared) {
                Ok(definition) => definitions.push(definition),
                Err(error) => {
                    faults.push(format!("{}: recurring definition `{}`: {error}", info.source, declared.id));
                }
            }
        }
    }
    definitions
}

fn definition(info: &RequestInfo, declared: &DeclaredRecurring) -> Result<Definition> {
    let name = info.name();
    let parts = (declared.parts)();
    let parts = parts.map_err(|message| Error::Encode { request: name.clone(), message })?;
    let options = JobOptions { queue: declared.queue.map(str::to_owned), ..JobOptions::default() };
    let spec = options.spec_of(info, name.into(), parts)?;
    checked(Definition {
        zone: declared.timezone.parse::<Zone>()?.into(),
        dst: declared.dst,
        misfire: declared.misfire,
        overlap: match declared.overlap {
            "skip" => Overlap::Skip,
            "cancel_previous" => Overlap::CancelPrevious,
            _ => Overlap::Allow,
        },
        jitter: declared.jitter.unwrap_or_default(),
        starts_at: declared.starts_at,
        ends_at: declared.ends_at,
        declared_by: Some(info.source.krate().into()),
        ..Definition::new(declared.id, Cron::parse(declared.cron)?, spec)
    })
}

/// Puts what the program declares, and removes what its crates have declared before and declare no more.
pub(crate) async fn declare(runtime: &Runtime) -> Result<()> {
    let registry = &runtime.registry;
    let (declared, crates) = (registry.declared.clone(), registry.crates.clone());
    for id in runtime.store.declare_recurring(declared, crates, runtime.now()).await? {
        tracing::info!(recurring = &*id, "recurring definition removed, as no code declares it any more");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use boltjobs_core::Timestamp;
    use boltjobs_core::cron::Dst;
    use boltjobs_core::recurring::Misfire;

    use super::*;
    use crate::request::{Request, default_parts};

    #[crate::request]
    #[derive(Debug, Default)]
    struct Report;

    const SOUND: DeclaredRecurring = DeclaredRecurring {
        id: "nightly",
        cron: "@daily",
        timezone: "UTC",
        misfire: Misfire::FireOnce,
        overlap: "allow",
        dst: Dst::OncePerDay,
        jitter: None,
        starts_at: None,
        ends_at: None,
        queue: None,
        parts: default_parts::<Report>,
    };

    #[test]
    fn each_fault_of_a_declared_definition_comes_with_its_place_and_its_id() {
        static INFO: RequestInfo = RequestInfo {
            recurring: &[
                SOUND,
                DeclaredRecurring { cron: "0 24 * * *", ..SOUND },
                DeclaredRecurring { timezone: "Mars/Olympus", ..SOUND },
                DeclaredRecurring { queue: Some("No"), ..SOUND },
                DeclaredRecurring { misfire: Misfire::FireAll { at_most: 0 }, ..SOUND },
                DeclaredRecurring {
                    starts_at: Some(Timestamp::MAX),
                    ends_at: Some(Timestamp::EPOCH),
                    ..SOUND
                },
                DeclaredRecurring { parts: || Err("it is no JSON".to_owned()), ..SOUND },
            ],
            ..<Report as Request>::INFO
        };
        let mut faults = Vec::new();
        let definitions = definitions(&[&INFO], &mut faults);
        assert_eq!(definitions.len(), 1);
        assert_eq!(definitions[0].declared_by.as_deref(), Some("boltjobs"));
        let said =
            ["hour `24`", "zone `Mars/Olympus`", "queue name `No`", "FireAll", "`ends_at`", "it is no JSON"];
        assert_eq!(faults.len(), said.len(), "{faults:?}");
        for (fault, said) in faults.iter().zip(said) {
            assert!(fault.contains(said) && fault.contains("declared.rs:"), "{fault}");
            assert!(fault.contains("`nightly`"), "{fault}");
        }
    }
}
