//! stub
use serde::{Deserialize, Serialize};
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cron(String);
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone(String);
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Dst {
    A,
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct CronError;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct ZoneError;
impl Cron {
    pub fn next_after(
        &self,
        a: chrono::DateTime<chrono::Utc>,
        _z: &Zone,
        _d: Dst,
    ) -> Option<chrono::DateTime<chrono::Utc>> {
        let _ = a;
        None
    }
}
