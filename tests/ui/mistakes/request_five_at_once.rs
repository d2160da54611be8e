use boltjobs::prelude::*;

#[request(
    nmae = "school.enroll",
    queue = "Registrar",
    priority = 1000,
    display = "Enroll {nobody}",
    tags = "school",
)]
#[derive(Debug)]
struct Enroll {
    student: u64,
}

// Not one of the faults above makes this line wrong as well.
#[handler]
async fn enroll(_: Enroll) {}

fn main() {
    let _ = Enroll { student: 7 }.enqueue();
}
