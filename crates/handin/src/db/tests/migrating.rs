//! A new version starts on many nodes at once.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_migrate_once() {
    on_each(async |test| {
        let settings = without_schema(&test).await;
        let nodes: Vec<Db> = futures_util::future::join_all((0..4).map(|_| Db::connect(&settings)))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let migrated = futures_util::future::join_all(nodes.iter().map(Db::migrate)).await;
        assert!(migrated.iter().all(Result::is_ok), "{:?}: {migrated:?}", test.kind);
        let done = "select version from _sqlx_migrations where success";
        let done = sqlx::query(done).fetch_all(&mut stranger(&settings.url).await).await.unwrap();
        assert_eq!(done.len(), migrations::FILES.len(), "{:?}", test.kind);
        for node in &nodes {
            node.close().await;
        }
    })
    .await;
}

/// An empty database beside that of `test`.
async fn without_schema(test: &TestDb) -> Settings {
    let url = format!("{}_empty", test.settings.url);
    if test.kind == Kind::Postgres {
        let (_, name) = url.rsplit_once('/').unwrap();
        run(&test.settings.url, format!("create database {name}")).await;
    }
    settings(url)
}
