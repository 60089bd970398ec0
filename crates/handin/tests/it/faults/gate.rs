//! A gate in the way of requests: they arrive, are counted, and wait until somebody lets them through.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, mpsc};

use crate::proxy::Hook;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Closed at first.
pub struct Gate {
    places: Arc<Semaphore>,
    arrivals: mpsc::UnboundedReceiver<()>,
    hook: Hook,
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Gate {
        let (note, arrivals) = mpsc::unbounded_channel();
        let places = Arc::new(Semaphore::new(0));
        let gate = Arc::clone(&places);
        let hook: Hook = Arc::new(move || {
            let (note, gate) = (note.clone(), Arc::clone(&gate));
            async move {
                // Nobody may be waiting for arrivals any more.
                let _ = note.send(());
                gate.acquire().await.unwrap().forget();
            }
            .boxed()
        });
        Gate { places, arrivals, hook }
    }

    /// To be put into a rule of the proxy.
    pub fn hook(&self) -> Hook {
        Arc::clone(&self.hook)
    }

    /// Waits until so many more requests stand before the gate.
    pub async fn reached(&mut self, requests: usize) {
        let arriving = async {
            for _ in 0..requests {
                self.arrivals.recv().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, arriving).await.expect("nobody comes to the gate");
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.places.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}
