//! `handin demo`, as the README starts it.

use std::collections::BTreeSet;
use std::process::Command;

use crate::upload::exam::HANDIN;

#[test]
fn the_demonstration_proves_six_recordings_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    for round in ["an empty folder", "a folder that was used before"] {
        let mut demo = Command::new(HANDIN);
        let output = demo.args(["demo", "--once", "--data"]).arg(folder.path()).output().unwrap();
        let (said, errors) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{round}: {said}\n{errors}");
        let keys: BTreeSet<_> =
            said.lines().filter_map(|line| line.trim_start().strip_prefix("key ")).collect();
        assert_eq!(keys.len(), 6, "{round}: {said}");
        assert_eq!(said.matches("the source, byte for byte").count(), 6, "{round}: {said}");
        assert_eq!(said.matches("signature verified offline").count(), 6, "{round}: {said}");
        for proof in ["6 of 6 sealed", "6 of 6 downloaded again"] {
            assert!(said.contains(proof), "{round}: {said}");
        }
        assert!(!said.contains('\x1b'), "colours are for terminals");
    }
}
