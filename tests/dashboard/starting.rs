//! Where the dashboard is shown, and when it stops the start.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use boltjobs::{Error, MemoryStore, Store};
use boltjobs_tests::Bench;

use super::{address, assert_has, shown};

async fn refused(address: &str) -> String {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let started = boltjobs::builder().store(store).dashboard(address).start().await;
    let error = started.unwrap_err();
    assert!(matches!(error, Error::Startup(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn an_address_that_cant_be_used_stops_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let fault = refused(&taken.local_addr().unwrap().to_string()).await;
    assert_has(&fault, &["can't be shown on `127.0.0.1:", "choose another port"]);
    assert_has(
        &refused("0.0.0.0:4010").await,
        &["`0.0.0.0:4010` is no loopback address", "add a token with `dashboard_token`", "ssh -L 4010:"],
    );
    assert_has(&refused("everywhere").await, &["`everywhere` is no address", "`127.0.0.1:4010`"]);
}

#[tokio::test]
async fn nothing_is_shown_unless_it_is_asked_for() {
    assert_eq!(Bench::start().await.server.dashboard_addr(), None);
}

#[tokio::test]
async fn its_port_is_free_once_the_server_is_gone() {
    let bench = Bench::with(shown).await;
    let at = address(&bench);
    // A connection that is kept open holds nothing up.
    let _open = TcpStream::connect(at).unwrap();
    bench.server.shutdown().await.unwrap();
    TcpStream::connect(at).unwrap_err();

    let again = Bench::with(|builder| builder.dashboard(at.to_string())).await;
    assert_eq!(address(&again), at);
    drop(again);
    TcpListener::bind(at).unwrap();
}
