use boltjobs::prelude::*;

#[interceptor(enqueue)]
async fn stamp(jobs: Submission, next: NextSubmission, ctx: JobContext) -> boltjobs::Result<Receipt> {
    drop(ctx);
    next.run(jobs).await
}

fn main() {}
