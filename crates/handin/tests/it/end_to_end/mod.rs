//! The life of recordings on every store and database there is.

mod damaged;
mod discarded;
mod mended;
mod reconciled;
mod repeated;
mod salvaged;
mod tiered;
mod whole;

use futures_util::future::join_all;
use handin::config::Config;
use handin::objects::capabilities::{Capability, KnownStore};

use crate::app::{Builder, External, TestApp, externals, postgres};

/// A running handin on one store and one database.
struct Place {
    app: TestApp,
    store: KnownStore,
}

impl Place {
    fn does(&self, capability: Capability) -> bool {
        capability.measured(self.store)
    }
}

/// Runs a test on every pair of store and database.
async fn everywhere(test: impl AsyncFn(Place)) {
    everywhere_with(|_| {}, test).await;
}

/// The same with other settings.
async fn everywhere_with(change: impl Fn(&mut Config), test: impl AsyncFn(Place)) {
    let mut places = Vec::new();
    for store in [None].into_iter().chain(externals().into_iter().map(Some)) {
        for database in [None].into_iter().chain(postgres().map(Some)) {
            let name = store.as_ref().map_or("embedded", |store| store.name.as_str());
            let builder = builder(store.as_ref(), database.as_deref()).config(&change);
            places.push((KnownStore::from_name(name).unwrap(), builder));
        }
    }
    let run = async |(store, builder): (KnownStore, Builder)| {
        test(Place { app: builder.start().await, store }).await;
    };
    join_all(places.into_iter().map(run)).await;
}

fn builder(store: Option<&External>, database: Option<&str>) -> Builder {
    let builder = match store {
        Some(external) => TestApp::builder().store(external),
        None => TestApp::builder(),
    };
    match database {
        Some(administrator) => builder.postgres(administrator),
        None => builder,
    }
}
