//! What the call asks for.

use std::path::PathBuf;

use crate::Result;

pub struct Options {
    pub runs: usize,
    pub seconds: f64,
    pub syncs: bool,
    pub json: Option<PathBuf>,
    peers: Vec<String>,
    cases: Vec<String>,
}

impl Options {
    pub fn parse() -> Result<Self> {
        let mut options =
            Self { runs: 3, seconds: 3.0, syncs: true, json: None, peers: Vec::new(), cases: Vec::new() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--runs" => options.runs = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--no-syncs" => options.syncs = false,
                "--json" => options.json = Some(value()?.into()),
                "--peers" => options.peers = list(&value()?),
                "--cases" => options.cases = list(&value()?),
                _ => return Err(format!("{argument} is unknown; see README.md").into()),
            }
        }
        Ok(options)
    }

    pub fn wants_peer(&self, peer: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|wanted| wanted == peer)
    }

    pub fn wants_case(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| wanted == case)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}
