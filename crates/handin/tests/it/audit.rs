//! The audit log: who did what, from where and why, and a chain in which no change goes unseen.

use std::process::Command;
use std::time::Duration;

use handin::service::audit::{Flaw, Walk, counts, last_checkpoint, link, verify};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::app::{Builder, TestApp, postgres};

/// The app with these many rows in its log, all linked but for what comes after.
async fn with_rows(builder: Builder) -> TestApp {
    let app = builder.start().await;
    app.exam().await;
    let (sealed, _) = app.sealed(&app.token("c1").await).await;
    link(&app.node.app).await.unwrap();
    for number in 0..3 {
        app.advance(Duration::from_secs(1));
        let path = format!("/v1/recordings/{}/link", sealed.id);
        let reason = json!({ "reason": format!("appeal {number}") });
        app.platform(Method::POST, &path).json(&reason).send().await.expect(200);
    }
    link(&app.node.app).await.unwrap();
    app
}

async fn flaws(app: &TestApp) -> Vec<Flaw> {
    let (mut walk, mut flaws) = (Walk::default(), Vec::new());
    loop {
        let (found, more) = walk.step(&app.node.app).await.unwrap();
        flaws.extend(found);
        if !more {
            return flaws;
        }
    }
}

/// Writes into the ledger past the server, as somebody does who can.
async fn tamper(app: &TestApp, statement: &str) {
    let mut ledger = AnyConnection::connect(&app.node.app.config.database_url()).await.unwrap();
    let changed = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut ledger).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
    ledger.close().await.unwrap();
}

async fn id_at(app: &TestApp, seq: u64) -> String {
    handin::service::audit::behind(&app.node.app, seq - 1).await.unwrap()[0].entry.id.clone()
}

async fn tells_every_change(builder: impl Fn() -> Builder) {
    let app = with_rows(builder()).await;
    assert_eq!(flaws(&app).await, []);
    let (linked, unlinked) = counts(&app.node.app).await.unwrap();
    assert!(linked >= 5 && unlinked == 0, "{linked} {unlinked}");
    let third = id_at(&app, 3).await;

    tamper(&app, "update audit set who = 'nobody' where seq = 3").await;
    assert_eq!(flaws(&app).await, [Flaw::Changed { seq: 3, id: third }]);

    let app = with_rows(builder()).await;
    tamper(&app, "delete from audit where seq = 3").await;
    assert_eq!(flaws(&app).await, [Flaw::Missing { from: 3, to: 3 }]);

    let app = with_rows(builder()).await;
    let next = linked + 1;
    let row = format!(
        "insert into audit (id, at, who, action, what, detail, seq, hash) values
        ('01JD8Z0QX3V5T9K2M4N6P8R0SW', 0, 'nobody', 'recording.link', 'x', '{{}}', {next}, 'beef')"
    );
    tamper(&app, &row).await;
    assert_eq!(flaws(&app).await, [Flaw::Changed { seq: next, id: "01JD8Z0QX3V5T9K2M4N6P8R0SW".to_owned() }]);

    let app = with_rows(builder()).await;
    tamper(&app, &format!("delete from audit where seq > {}", linked - 2)).await;
    assert_eq!(
        flaws(&app).await,
        [Flaw::Missing { from: linked - 1, to: linked }],
        "the checkpoint remembers"
    );

    // Whoever can write the ledger can write every hash anew; what was signed tells.
    let app = with_rows(builder()).await;
    tamper(&app, &format!("delete from audit where seq > {}", linked - 1)).await;
    app.exam_called("autumn").await;
    link(&app.node.app).await.unwrap();
    assert_eq!(flaws(&app).await, [Flaw::Rewritten { seq: linked, after: linked - 3 }]);
}

#[tokio::test]
async fn a_row_that_was_changed_removed_or_put_there_is_found() {
    tells_every_change(TestApp::builder).await;
}

#[tokio::test]
async fn the_same_on_postgres() {
    let Some(administrator) = postgres() else { return };
    tells_every_change(|| TestApp::builder().postgres(&administrator)).await;
}

#[tokio::test]
async fn two_who_link_at_once_make_one_chain() {
    let app = TestApp::start().await;
    app.exam().await;
    for round in 0..5 {
        app.exam_called(&format!("exam-{round}")).await;
        // One of them may lose; then the other has linked.
        let (one, other) = tokio::join!(link(&app.node.app), link(&app.node.app));
        assert!(one.is_ok() || other.is_ok());
    }
    assert_eq!(flaws(&app).await, []);
    assert_eq!(counts(&app.node.app).await.unwrap().1, 0);
}

#[tokio::test]
async fn a_checkpoint_verifies_with_public_keys_alone() {
    let app = with_rows(TestApp::builder()).await;
    let keys = app.call(Method::GET, "/.well-known/jwks.json").send().await.expect(200);
    let jws = last_checkpoint(&app.node.app).await.unwrap().unwrap();
    let reached = verify(&jws, &serde_json::from_value(keys).unwrap()).unwrap();
    assert_eq!(reached.seq, counts(&app.node.app).await.unwrap().0);
}

#[tokio::test]
async fn the_log_says_who_from_where_and_why() {
    let app = with_rows(TestApp::builder()).await;
    let list = async |query: &str| -> Vec<Value> {
        let page = app.platform(Method::GET, &format!("/v1/audit?{query}")).send().await.expect(200);
        page["items"].as_array().unwrap().clone()
    };
    let recording = app.recordings().await[0]["id"].as_str().unwrap().to_owned();
    let links: Vec<Value> = list(&format!("what={recording}")).await;
    let links: Vec<&Value> = links.iter().filter(|entry| entry["action"] == "recording.link").collect();
    assert_eq!(links.len(), 3);
    assert_eq!(links[0]["address"], "127.0.0.1");
    assert_eq!(links[0]["detail"]["reason"], "appeal 0");
    assert_eq!(list("exam=autumn").await.len(), 0);
    assert!(list("exam=spring").await.len() >= 4);
    let first = app.platform(Method::GET, "/v1/audit?limit=2").send().await.expect(200);
    let rest = list(&format!("cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!(2 + rest.len(), list("").await.len());
}

#[tokio::test]
async fn where_the_house_wants_a_reason_no_link_is_made_without_one() {
    let app = TestApp::builder().config(|config| config.audit.require_link_reason = true).start().await;
    app.exam().await;
    let (sealed, _) = app.sealed(&app.token("c1").await).await;
    let path = format!("/v1/recordings/{}/link", sealed.id);
    for without in [json!({}), json!({ "reason": "  " })] {
        app.platform(Method::POST, &path).json(&without).send().await.problem(422, "reason_required");
    }
    app.platform(Method::POST, &path).json(&json!({ "reason": "review" })).send().await.expect(200);
}

/// `handin audit`, on the ledger of a server that runs.
async fn run(app: &TestApp, command: &str) -> (i32, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_handin"));
    program.env_clear().args(["audit", command, "--data"]).arg(app.node.app.config.data());
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_verifies_and_exports() {
    let app = with_rows(TestApp::builder()).await;
    let (linked, _) = counts(&app.node.app).await.unwrap();
    let (code, said) = run(&app, "verify").await;
    assert_eq!(code, 0, "{said}");
    let good = format!("intact: {linked} rows, 2 signed checkpoints; 0 rows are not linked yet\n");
    assert_eq!(said, good);
    let (_, lines) = run(&app, "export").await;
    assert_eq!(lines.lines().count() as u64, linked + 1);
    assert!(lines.lines().last().unwrap().starts_with(r#"{"checkpoint":"#));
    tamper(&app, "update audit set detail = '{}' where action = 'recording.link'").await;
    let (code, said) = run(&app, "verify").await;
    assert_eq!(code, 1);
    assert!(said.starts_with("NOT intact"), "{said}");
}
