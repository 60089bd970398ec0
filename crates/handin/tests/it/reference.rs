//! The generated pages under `docs/reference/` are what the program would generate now.

use std::fs;
use std::path::Path;

fn check(name: &str, generated: &str) {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("HANDIN_UPDATE_REFERENCE").is_some() {
        fs::write(&place, generated).unwrap();
    }
    let committed = fs::read_to_string(&place).unwrap_or_default();
    let hint = "run `HANDIN_UPDATE_REFERENCE=1 cargo test -p handin --test it reference`";
    assert!(committed == generated, "docs/reference/{name} is stale: {hint}");
}

#[test]
fn configuration() {
    check("configuration.md", &handin::config::reference::page());
}
