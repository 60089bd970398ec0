//! Whether each store does what the table says, no less and no more; and what the doctor makes of each.

use handin::objects::capabilities::{Capability, KnownStore, reference};
use handin::objects::{Objects, Source};
use handin::service::doctor::probes::probe;
use handin::service::doctor::{Report, Wishes, examine};
use handin_s3::Credentials;

use super::{TestStore, bench, new_bucket};

#[tokio::test(flavor = "multi_thread")]
async fn every_store_behaves_as_the_table_says() {
    let mut differences = Vec::new();
    for store in TestStore::all().await {
        let column = KnownStore::from_name(&store.name);
        let bench = bench(store.objects().await);
        for capability in Capability::ALL {
            let finding = probe(&bench, *capability).await;
            let does = finding.as_ref().ok().map(|finding| finding.does);
            if does.is_none() || does != column.map(|column| capability.measured(column)) {
                let found = finding.map_or_else(|untried| untried.to_string(), |finding| finding.found);
                differences.push(format!("{} / {}: {does:?}, {found}", store.name, capability.about().id));
            }
        }
        assert_eq!(bench.clean().await, Vec::<String>::new(), "{}", store.name);
    }
    assert!(differences.is_empty(), "the table says otherwise:\n{}", differences.join("\n"));
}

fn essential_failures(report: &Report) -> Vec<String> {
    let failed = report.checks.iter().filter(|check| check.essential && !check.passed);
    failed.map(|check| format!("{}: {}", check.check, check.found)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_store_sound_once_its_rules_are_written() {
    for store in TestStore::all().await {
        let bench = bench(store.objects().await);
        let wishes = |fix| Wishes { origins: vec!["https://exam.example".to_owned()], fix };
        let before = examine(&bench, &wishes(false)).await;
        assert_eq!(before.sound, essential_failures(&before).is_empty(), "{}", store.name);
        let after = examine(&bench, &wishes(true)).await;
        assert_eq!(essential_failures(&after), Vec::<String>::new(), "{}", store.name);
        assert!(after.sound, "{}", store.name);
        let left = bench.objects.list_uploads(bench.prefix(), None).await.unwrap();
        assert_eq!(left.uploads, [], "{}", store.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_that_a_new_bucket_lacks_its_rules() {
    let store = TestStore::embedded().await;
    let wishes = Wishes { origins: vec!["https://exam.example".to_owned()], fix: false };
    let report = examine(&bench(store.objects().await), &wishes).await;
    let failed: Vec<_> =
        report.checks.iter().filter(|check| !check.passed).map(|check| check.check).collect();
    assert_eq!((report.sound, failed), (false, vec!["cors", "lifecycle"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_stops_where_nothing_can_be_asked() {
    let store = TestStore::embedded().await;
    let mut settings = store.settings(&store.endpoint, &new_bucket());
    let wishes = Wishes { origins: vec!["*".to_owned()], fix: false };

    let missing = examine(&bench(Objects::start(settings.clone()).await.unwrap()), &wishes).await;
    assert_eq!((missing.sound, missing.checks.len()), (false, 1));
    assert!(missing.checks[0].found.starts_with("there is no bucket"), "{}", missing.checks[0].found);

    settings.credentials = Source::Static(Credentials::new("handin", "another secret"));
    let denied = examine(&bench(Objects::start(settings).await.unwrap()), &wishes).await;
    assert_eq!((denied.sound, denied.checks.len()), (false, 1));
    assert!(denied.checks[0].found.contains("SignatureDoesNotMatch"), "{}", denied.checks[0].found);
}

/// Write it anew with `HANDIN_BLESS=1`.
#[test]
fn the_reference_page_says_what_was_measured() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/stores.md");
    if std::env::var_os("HANDIN_BLESS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), reference(), "renew {path} with HANDIN_BLESS=1");
}
