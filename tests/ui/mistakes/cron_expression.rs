use boltjobs::prelude::*;

fn main() {
    let _ = cron!("0 25 * * *");
    let _ = cron!("every day");
    let _ = cron!(5);
}
