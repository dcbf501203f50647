//! `datasets`.

use thumbnet_tests::cli::thumbnet;

#[test]
fn the_list_has_its_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let value = thumbnet(folder.path(), &["datasets", "--json"]).json();
    let sets = value["datasets"].as_array().expect("a list");
    let mnist = sets.iter().find(|set| set["name"] == "mnist").expect("mnist");
    assert_eq!((mnist["samples_train"].as_u64(), mnist["samples_test"].as_u64()), (Some(60_000), Some(10_000)));
    assert_eq!((mnist["features"].as_u64(), mnist["classes"].as_u64()), (Some(784), Some(10)));
    assert_eq!(mnist["available"], true);
    let text = thumbnet(folder.path(), &["datasets"]).stdout;
    assert!(sets.iter().all(|set| text.contains(set["name"].as_str().expect("a name"))), "{text}");
}

#[test]
fn samples_are_drawn_in_the_terminal_and_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let digits = thumbnet(folder.path(), &["datasets", "--show", "mnist", "--count", "2"]).stdout;
    // The first two test digits are a 7 and a 2.
    assert!(
        digits.starts_with("7 ") && digits.lines().next().is_some_and(|line| line.trim_end().ends_with('2')),
        "{digits}"
    );
    assert!(digits.contains('█'));
    let points = thumbnet(folder.path(), &["datasets", "--show", "spiral"]).stdout;
    assert!(points.contains("○ orange   ● blue"), "{points}");
    let rows = thumbnet(folder.path(), &["datasets", "--show", "boston", "--count", "3"]).stdout;
    assert_eq!(rows.lines().count(), 4, "{rows}");
    let value = thumbnet(folder.path(), &["datasets", "--show", "mnist", "--out", "digits.png", "--json"]).json();
    assert_eq!((value["out"].as_str(), value["labels"][0].as_str()), (Some("digits.png"), Some("7")));
    assert!(std::fs::read(folder.path().join("digits.png")).expect("a picture").starts_with(b"\x89PNG"));
}
