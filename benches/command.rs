//! What the program is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use crate::figure::{Result, Scale};

pub(crate) const HELP: &str = "\
usage: speed [options] [case ..]

A case is named in full, or by a part of its name. Without one, all cases run but the heavy ones.

  --list         lists the cases
  --all          runs the heavy cases, too
  --runs <n>     runs each case n times and takes the medians; default 1
  --scale <x>    makes each case x times as large, as in 0.01 to try it; default 1
  --json <file>  writes all figures of all runs there, too
  --soak <min>   instead of cases, keeps up full load for so many minutes, and writes what it sees each second to
                 `soak.json`, or as `--json` says, and as a picture to `soak.svg`, or as `--svg` says
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    List,
    Measure(Asked),
    Soak(Soak),
    /// Measures one case, in a process of its own.
    Case {
        name: String,
        scale: Scale,
    },
    /// Fills a store, and waits to be killed.
    Fill {
        folder: PathBuf,
        jobs: u64,
    },
}

/// What to measure, and how.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Names of cases, or parts of them.
    pub(crate) cases: Vec<String>,
    pub(crate) all: bool,
    pub(crate) runs: usize,
    pub(crate) scale: Scale,
    pub(crate) json: Option<PathBuf>,
}

/// For how long to keep up full load, and where to write what was seen.
#[derive(Debug)]
pub(crate) struct Soak {
    pub(crate) span: Duration,
    pub(crate) json: PathBuf,
    pub(crate) svg: PathBuf,
}

impl Command {
    /// Reads the arguments of the process.
    pub(crate) fn parse() -> Result<Self> {
        let mut asked = Asked { cases: Vec::new(), all: false, runs: 1, scale: Scale::default(), json: None };
        let (mut case, mut fill, mut minutes, mut svg) = (None, None, None, None);
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(Self::Help),
                Long("list") => return Ok(Self::List),
                Long("all") => asked.all = true,
                Long("runs") => asked.runs = arguments.value()?.parse::<usize>()?.max(1),
                Long("scale") => asked.scale = arguments.value()?.parse()?,
                Long("json") => asked.json = Some(arguments.value()?.into()),
                Long("soak") => minutes = Some(arguments.value()?.parse::<f64>()?),
                Long("svg") => svg = Some(arguments.value()?.into()),
                // How the program calls itself.
                Long("case") => case = Some(arguments.value()?.string()?),
                Long("fill") => fill = Some((arguments.value()?.into(), arguments.value()?.parse()?)),
                Value(name) => asked.cases.push(name.string()?),
                Short(_) | Long(_) => return Err(argument.unexpected().into()),
            }
        }
        Ok(match (case, fill, minutes) {
            (Some(name), ..) => Self::Case { name, scale: asked.scale },
            (None, Some((folder, jobs)), _) => Self::Fill { folder, jobs },
            (None, None, Some(minutes)) => Self::Soak(Soak {
                span: Duration::try_from_secs_f64(minutes * 60.0)?,
                json: asked.json.unwrap_or_else(|| "soak.json".into()),
                svg: svg.unwrap_or_else(|| "soak.svg".into()),
            }),
            (None, None, None) => Self::Measure(asked),
        })
    }
}
