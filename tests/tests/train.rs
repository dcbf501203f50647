//! `thumbnet train` as a user runs it: what it writes, what it refuses, and what is left when it is stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thumbnet_tests::cli::{Run, binary, thumbnet};
use thumbnet_tests::tolerance;
use thumbnet_trainer::nn::{Activation, Elementwise};
use thumbnet_trainer::onnx::{Graph, Imported, import};
use thumbnet_trainer::tnet::{self, Network};
use thumbnet_trainer::train::recipe;

const RECIPE: &str = r#"
name = "small"
epochs = 3
batch_size = 16
loss = "binary_crossentropy"

[data]
source = "moons"

[optimizer]
name = "adam"
learning_rate = 0.01

[[layers]]
units = 8
activation = "tanh"

[[layers]]
units = 1
activation = "sigmoid"
"#;

const FILES: [&str; 7] =
    ["README.md", "curves.svg", "history.csv", "model-int8.onnx", "model.onnx", "model.tnet", "recipe.toml"];

/// A folder with a recipe, changed in one place, and an output folder that holds a model already.
fn folder(from: &str, to: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert!(RECIPE.contains(from), "{from}");
    fs::write(folder.path().join("recipe.toml"), RECIPE.replacen(from, to, 1)).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/model.tnet"), "the earlier model").unwrap();
    folder
}

/// The files of a folder, hidden ones too.
fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Trains by a changed recipe, which must fail with one line and leave the earlier model as it was; gives the line.
fn refusal(from: &str, to: &str) -> String {
    let folder = folder(from, to);
    let run = thumbnet(folder.path(), &["train", "recipe.toml", "--out", "out", "--quiet"]);
    assert_eq!(fs::read(folder.path().join("out/model.tnet")).unwrap(), b"the earlier model");
    run.error().to_string()
}

#[test]
fn it_writes_the_whole_folder_and_says_so() {
    let folder = folder("epochs = 3", "epochs = 60");
    let arguments = ["train", "recipe.toml", "--out", "out", "--quiet", "--json"];
    let value = thumbnet(folder.path(), &arguments).json();
    assert_eq!(listing(&folder.path().join("out")), FILES);
    assert_eq!((value["parameters"].as_u64(), value["epochs"].as_u64()), (Some(33), Some(60)));
    assert!(value["seconds"].as_f64().unwrap() > 0.0 && value["seconds_per_epoch"].as_f64().unwrap() > 0.0);
    let [float, integer] = ["test", "int8"].map(|key| value[key]["accuracy"].as_f64().unwrap());
    assert!(float > 0.9 && (float - integer).abs() < 0.05, "{float}, {integer}");

    // What the card says is what its commands print.
    let card = fs::read_to_string(folder.path().join("out/README.md")).unwrap();
    let mut commands = 0;
    for line in card.lines().filter(|line| line.contains("| `thumbnet ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (number, command) = (cells[2], cells[3].trim_matches('`'));
        let run = thumbnet(folder.path(), &command.split(' ').skip(1).collect::<Vec<_>>());
        assert_eq!(run.code, Some(0), "{run:?}");
        let shown = number.split(" % ").next().unwrap();
        assert!(run.stdout.contains(shown), "{command} does not print {shown}: {}", run.stdout);
        commands += 1;
    }
    // Seven about the files, four about the emulated chip.
    assert_eq!(commands, 11);

    // The recipe that was written trains the same model again, bit for bit, with any number of threads.
    let model = fs::read(folder.path().join("out/model.tnet")).unwrap();
    let again = ["train", "out/recipe.toml", "--out", "again", "--quiet", "--threads", "1"];
    assert_eq!(thumbnet(folder.path(), &again).code, Some(0));
    assert_eq!(fs::read(folder.path().join("again/model.tnet")).unwrap(), model);
    let other = ["train", "out/recipe.toml", "--out", "other", "--quiet", "--seed", "2"];
    assert_eq!(thumbnet(folder.path(), &other).code, Some(0));
    assert_ne!(fs::read(folder.path().join("other/model.tnet")).unwrap(), model);
}

#[test]
fn values_can_be_set_and_seeds_repeated() {
    let folder = folder("epochs = 3", "epochs = 30");
    let arguments =
        ["train", "recipe.toml", "--out", "out", "--quiet", "--json", "--set", "layers.0.units=4", "--seeds", "3"];
    let value = thumbnet(folder.path(), &arguments).json();
    assert_eq!(value["parameters"].as_u64(), Some(17));
    let spread = &value["seeds"];
    assert_eq!(spread["count"].as_u64(), Some(3));
    let mean = spread["test"]["mean"].as_f64().unwrap();
    assert!((0.5..=1.0).contains(&mean) && spread["test"]["deviation"].as_f64().unwrap() < 0.3, "{value}");
    let written = fs::read_to_string(folder.path().join("out/recipe.toml")).unwrap();
    assert!(written.contains("units = 4") && written.contains("seed = 1\n"), "{written}");
}

#[test]
fn every_lesson_ends_within_five_seconds_and_says_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // The time is that of the lessons, not of building the tool.
    binary();
    let train = |arguments: &[&str]| {
        let began = Instant::now();
        let value = thumbnet(folder.path(), &[&["train"], arguments, &["--quiet", "--json"]].concat()).json();
        assert!(began.elapsed() < Duration::from_secs(5), "{arguments:?}: {:?}", began.elapsed());
        value
    };
    let percent = |value: &serde_json::Value| value["test"]["accuracy"].as_f64().unwrap();
    for name in recipe::names().filter(|name| !name.contains("mnist")) {
        train(&[name]);
    }
    // The perceptron learns what a line separates.
    for source in ["gate-and", "gate-or", "gaussian"] {
        let value = train(&["perceptron", "--set", &format!("data.source={source}")]);
        assert_eq!(percent(&value), 1.0, "{value}");
        assert!(value["line"].as_str().unwrap().contains(" x1 + "), "{value}");
    }
    // It cannot learn what none does, and says so and why.
    for source in ["gate-xor", "xor"] {
        let value = train(&["perceptron", "--set", &format!("data.source={source}")]);
        assert!(percent(&value) <= 0.75, "{value}");
        let line = value["line"].as_str().unwrap();
        assert!(line.starts_with("no straight line separates ") && line.contains("`thumbnet train xor`"), "{value}");
    }
    assert!(percent(&train(&["xor"])) > 0.95);
    // With an activation in the hidden layers, and without.
    let linear = ["activations", "--set", "layers.0.activation=linear", "--set", "layers.1.activation=linear"];
    assert!(percent(&train(&["activations"])) > 0.95 && percent(&train(&linear)) < 0.75);
    // The library's numbers are those by hand.
    for name in ["softmax", "backpropagation"] {
        let steps = &train(&[name])["explanation"];
        let loss = |name: &str| steps[name].as_f64().unwrap();
        assert!((loss("loss") - loss("library_loss")).abs() < f64::from(tolerance::FUNCTION), "{steps}");
        assert!(loss("loss_after") < loss("loss"), "{steps}");
    }
    // The numbers that the chapters promise.
    assert!(percent(&train(&["quality"])) >= 0.978);
    assert!(train(&["boston", "--seeds", "20"])["seeds"]["test"]["mean"].as_f64().unwrap() < 10.5);
}

#[test]
fn clothes_are_learned_in_ten_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let value = thumbnet(folder.path(), &["train", "fashion-mnist", "--epochs", "10", "--quiet", "--json"]).json();
    for model in ["test", "int8"] {
        assert!(value[model]["accuracy"].as_f64().unwrap() >= 0.885, "{value}");
    }
}

#[test]
fn a_wrong_recipe_is_refused_with_its_line() {
    let unknown = refusal("batch_size", "batchsize");
    assert!(unknown.starts_with("recipe.toml: line 4: unknown field `batchsize`"), "{unknown}");
    assert!(unknown.ends_with("did you mean `batch_size`?"), "{unknown}");
    assert_eq!(refusal("epochs = 3", "epochs = 0"), "recipe.toml: line 3: epochs = 0 trains nothing; give at least 1");
    assert!(refusal("units = 1\n", "units = 3\n").contains("the last layer has 3 units, but moons has 2 classes"));
    assert!(refusal("\"sigmoid\"", "\"relu\"").contains("needs a last layer with the activation sigmoid"));
    let test_samples = |count: usize| refusal("\"moons\"", &format!("\"moons\"\ntest_samples = {count}"));
    assert!(test_samples(0).ends_with("data.test_samples = 0 leaves nothing to judge by; give at least 1"));
    assert!(test_samples(9_999).contains("data.test_samples = 9999, but there are "));
    assert!(refusal("learning_rate", "momentum").contains("momentum does not belong to the optimizer adam"));
    let unknown = thumbnet(Path::new("/"), &["train", "mnits"]);
    assert!(unknown.error().ends_with("did you mean mnist?"), "{unknown:?}");
    for option in ["--epochs", "--threads", "--seeds"] {
        let zero = thumbnet(Path::new("/"), &["train", "mnist", option, "0"]);
        assert_eq!(zero.code, Some(2), "{zero:?}");
    }
}

#[test]
fn data_that_are_not_numbers_are_refused_with_their_place() {
    let folder = folder("\"moons\"", "\"table.csv\"\ntarget = \"y\"");
    fs::write(folder.path().join("table.csv"), "a,b,y\n1,2,0\n2,3,1\n3,NaN,0\n4,5,1\n5,6,0\n6,7,1\n").unwrap();
    let run = thumbnet(folder.path(), &["train", "recipe.toml", "--out", "out", "--quiet"]);
    assert!(run.error().contains("table.csv") && run.error().to_lowercase().contains("nan"), "{run:?}");
    assert_eq!(fs::read(folder.path().join("out/model.tnet")).unwrap(), b"the earlier model");
    let missing = refusal("\"moons\"", "\"nowhere.csv\"");
    assert!(missing.contains("nowhere.csv"), "{missing}");
}

#[test]
fn a_column_of_whole_numbers_is_classes_where_the_loss_compares_classes() {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..90).map(|k| format!("{},{},{}", k % 3, (k * 7) % 5, k % 3)).collect::<Vec<_>>().join("\n");
    fs::write(folder.path().join("table.csv"), format!("a,b,kind\n{rows}")).unwrap();
    let recipe = RECIPE
        .replace("name = \"small\"\n", "")
        .replace("epochs = 3", "epochs = 60")
        .replace("\"binary_crossentropy\"", "\"sparse_categorical_crossentropy\"")
        .replace("\"moons\"", "\"table.csv\"\ntarget = \"kind\"")
        .replace("units = 1\nactivation = \"sigmoid\"", "units = 3\nactivation = \"softmax\"");
    fs::write(folder.path().join("kinds.toml"), &recipe).unwrap();
    let run = thumbnet(folder.path(), &["train", "kinds.toml", "--out", "out", "--json"]);
    let report = run.json();
    assert_eq!(report["int8"]["accuracy"], 1.0, "{report}");
    // A recipe without a name has its file's.
    let written = fs::read_to_string(folder.path().join("out/recipe.toml")).unwrap();
    assert!(written.contains("name = \"kinds\""), "{written}");
    fs::write(folder.path().join("table.csv"), format!("a,b,kind\n{rows}\n1,2,0.5\n1,2,1")).unwrap();
    let wrong = thumbnet(folder.path(), &["train", "kinds.toml", "--out", "out", "--quiet"]);
    let named = "table: sample 91, counted from 1: the target 0.5 is no class index (a whole number from 0)";
    assert_eq!(wrong.error(), named);
    fs::write(folder.path().join("table.csv"), "a,b,kind\n1,2,0\n").unwrap();
    let few = thumbnet(folder.path(), &["train", "kinds.toml", "--out", "out", "--quiet"]);
    assert_eq!(few.error(), "table.csv: 1 samples are too few to learn from some and test with others; give more");
}

#[test]
fn a_diverging_loss_names_its_step_and_keeps_the_last_good_state() {
    let wild = RECIPE
        .replace("binary_crossentropy", "mean_squared_error")
        .replace("\"adam\"\nlearning_rate = 0.01", "\"sgd\"\nlearning_rate = 1e9")
        .replace("\"tanh\"", "\"linear\"")
        .replace("\"sigmoid\"", "\"linear\"");
    let folder = folder("epochs", "epochs");
    fs::write(folder.path().join("recipe.toml"), wild).unwrap();
    let run = thumbnet(folder.path(), &["train", "recipe.toml", "--out", "out", "--quiet"]);
    let message = run.error();
    assert!(
        message.contains("no longer finite in epoch 1, step ") && message.contains("smaller learning rate"),
        "{run:?}"
    );
    assert_eq!(listing(&folder.path().join("out")), ["checkpoint.npz", "model.tnet"]);
    assert_eq!(fs::read(folder.path().join("out/model.tnet")).unwrap(), b"the earlier model");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_the_training() {
    let folder = folder("epochs = 3", "epochs = 4000000000");
    fs::write(folder.path().join("file"), "").unwrap();
    let run = thumbnet(folder.path(), &["train", "recipe.toml", "--out", "file/out", "--quiet"]);
    assert!(run.error().starts_with("file/out: is no folder that can be written"), "{run:?}");
}

#[test]
fn a_model_that_cannot_be_written_can_still_be_had() {
    let folder = folder("epochs", "epochs");
    let card = folder.path().join("out/README.md");
    fs::create_dir(&card).unwrap();
    let train = |more: &[&str]| {
        let arguments = ["train", "recipe.toml", "--out", "out", "--quiet"];
        thumbnet(folder.path(), &[&arguments[..], more].concat())
    };
    assert!(train(&[]).error().starts_with("out/README.md: cannot be written: "));
    assert_eq!(listing(&folder.path().join("out")), ["README.md", "checkpoint.npz", "model.tnet"]);
    assert_eq!(fs::read(folder.path().join("out/model.tnet")).unwrap(), b"the earlier model");
    fs::remove_dir(card).unwrap();
    assert_eq!(train(&["--resume"]).code, Some(0));
    assert_eq!(listing(&folder.path().join("out")), FILES);
    assert_eq!(
        train(&["--resume"]).error(),
        "out/checkpoint.npz: no checkpoint to go on from; train without --resume, or name its folder with --out"
    );
}

/// A limit on the size of files does what a full disk does: a write fails in the middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_earlier_files() {
    let folder = folder("epochs", "epochs");
    let script = format!("trap '' XFSZ; ulimit -f 4; exec {} train recipe.toml --out out --quiet", binary().display());
    let output = Command::new("sh").arg("-c").arg(script).current_dir(folder.path()).output().unwrap();
    let run = Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    };
    assert!(run.error().contains("cannot be written"), "{run:?}");
    let left = listing(&folder.path().join("out"));
    assert!(left.iter().all(|name| name == "model.tnet" || name == "checkpoint.npz"), "{left:?}");
    assert_eq!(fs::read(folder.path().join("out/model.tnet")).unwrap(), b"the earlier model");
}

#[test]
fn the_range_that_training_learned_is_the_one_of_the_integers() {
    let folder = folder("\"tanh\"", "\"relu\"\noutputs = \"int8\"");
    let run = thumbnet(folder.path(), &["train", "recipe.toml", "--out", "out", "--quiet"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let file = |name: &str| fs::read(folder.path().join("out").join(name)).unwrap();
    let Imported::Float(float) = import(&Graph::decode(file("model.onnx").into(), None).unwrap()).unwrap() else {
        panic!("a network of real numbers")
    };
    let Activation::Elementwise(Elementwise::Clip { hi, .. }) = float.dense_layers().next().unwrap().activation else {
        panic!("{float:?}")
    };
    let Network::Integer(integers) = tnet::read(&file("model.tnet")).unwrap() else { panic!("a network of integers") };
    let scale = integers.layers[0].output.scale;
    assert!((scale * 255.0 - hi).abs() < tolerance::FUNCTION * hi, "{scale} is not {hi} / 255");
}

#[test]
fn a_sweep_prints_what_can_be_trained_and_says_why_the_rest_cannot() {
    let wild = RECIPE
        .replace("binary_crossentropy", "mean_squared_error")
        .replace("\"adam\"", "\"sgd\"")
        .replace("tanh", "relu")
        .replace("sigmoid", "linear");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recipe.toml"), wild).unwrap();
    let sweep = |more: &[&str]| {
        let arguments = ["train", "recipe.toml", "--sweep", "layers=4,12-8", "--quiet"];
        thumbnet(folder.path(), &[&arguments[..], more].concat())
    };
    let run = sweep(&["--sweep", "learning_rate=0.1,1e9"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let row = |named: &str| run.stdout.lines().find(|line| line.starts_with(named)).expect(named);
    assert!(run.stdout.starts_with("small") && row("layers=4  learning_rate=0.1").contains('%'), "{run:?}");
    assert!(row("layers=12-8  learning_rate=1e9").contains("the loss is"), "{run:?}");
    let json = sweep(&["--sweep", "learning_rate=0.1,1e9", "--json"]).json();
    let rows = json["sweep"].as_array().unwrap();
    let smallest = &rows[0];
    assert_eq!((rows.len(), &smallest["changes"][0], &smallest["pareto"]), (4, &"layers=4".into(), &true.into()));
    assert!(smallest["validation"]["accuracy"].as_f64().unwrap() > 0.5, "{smallest}");
    assert!(rows[3]["error"].as_str().unwrap().contains("the loss is"), "{json}");

    let none = sweep(&["--sweep", "learning_rate=1e9,1e10"]);
    assert_eq!(none.code, Some(1), "{none:?}");
    assert!(none.error().starts_with("--sweep: no combination could be trained; of the first: "), "{none:?}");
    assert_eq!(listing(folder.path()), ["recipe.toml"]);
}

#[test]
fn a_card_tells_what_was_trained_and_by_which_command() {
    let folder = folder("[optimizer]", "[early_stopping]\npatience = 2\nmin_delta = 100.0\n\n[optimizer]");
    let arguments = ["train", "recipe.toml", "--epochs", "50", "--seed", "4", "--set", "data.validation=0.25"];
    let run = thumbnet(
        folder.path(),
        &[&arguments[..], &["--set", "choice=By a test, isn't it", "--out", "out", "-q"]].concat(),
    );
    assert_eq!(run.code, Some(0), "{run:?}");
    let history = fs::read_to_string(folder.path().join("out/history.csv")).unwrap();
    let epochs = history.lines().count() - 1;
    assert!(epochs < 50, "it stopped early");
    let card = fs::read_to_string(folder.path().join("out/README.md")).unwrap();
    let command = "thumbnet train recipe.toml --set data.validation=0.25 --set 'choice=By a test, isn'\\''t it' --seed 4 --epochs 50";
    assert!(card.contains(&format!("written by `{command}`.")), "{card}");
    let trained = card.lines().find(|line| line.starts_with("Trained on ")).unwrap();
    assert!(trained.contains(&format!(" with {epochs} epochs of batches of 16, seed 4, in ")), "{trained}");
    let numbers: Vec<usize> = trained.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(trained.ends_with(" others were held out to watch."), "{trained}");
    let [learned, held_out] = [numbers[0], numbers[numbers.len() - 1]];
    assert_eq!(held_out, ((learned + held_out) as f32 * 0.25).round() as usize, "{trained}");
    assert!(card.contains("\nHow it was chosen: By a test, isn't it.\n"), "{card}");
}

#[cfg(unix)]
#[test]
fn control_c_in_a_later_seed_prints_those_before() {
    let folder = folder("epochs = 3", "epochs = 20000");
    let child = Command::new(binary())
        .args(["train", "recipe.toml", "--out", "out", "--seeds", "9", "--quiet"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !folder.path().join("out/README.md").exists() {
        assert!(began.elapsed() < Duration::from_mins(2), "no first model");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.starts_with("error: training: interrupted after ") && stderr.contains(" of 9 seeds; "), "{stderr}");
    assert!(stdout.contains("wrote out: ") && stdout.contains("int8  "), "{stdout}");
    assert_eq!(listing(&folder.path().join("out")), FILES);
}

#[cfg(unix)]
#[test]
fn control_c_ends_a_sweep_with_the_table_so_far() {
    let folder = folder("epochs = 3", "epochs = 2");
    let mut child = Command::new(binary())
        .args(["train", "recipe.toml", "--threads", "1", "--sweep", "epochs=2,4000000"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("epochs=2: ")), "the first training's line");
    std::thread::sleep(Duration::from_millis(200));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let last = lines.last().unwrap().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{last}");
    assert_eq!(last, "error: --sweep: interrupted after 1 of 2 trainings");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().nth(1).is_some_and(|row| row.starts_with("epochs=2 ") && row.ends_with('*')), "{table}");
}

#[cfg(unix)]
#[test]
fn control_c_finishes_the_step_and_the_training_can_go_on() {
    let folder = folder("epochs = 3", "epochs = 40000");
    let path = folder.path();
    let child = Command::new(binary())
        .args(["train", "recipe.toml", "--out", "out"])
        .current_dir(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !path.join("out/checkpoint.npz").exists() {
        assert!(began.elapsed() < Duration::from_mins(1), "no checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: training: interrupted in epoch ") && last.contains("--resume"), "{stderr}");
    assert_eq!(listing(&path.join("out")), ["checkpoint.npz", "model.tnet"]);
    assert_eq!(fs::read(path.join("out/model.tnet")).unwrap(), b"the earlier model");

    let resumed = thumbnet(path, &["train", "recipe.toml", "--out", "out", "--quiet", "--resume"]);
    let whole = thumbnet(path, &["train", "recipe.toml", "--out", "whole", "--quiet"]);
    assert_eq!((resumed.code, whole.code), (Some(0), Some(0)), "{resumed:?}");
    for name in ["model.onnx", "model.tnet"] {
        assert_eq!(fs::read(path.join("out").join(name)).unwrap(), fs::read(path.join("whole").join(name)).unwrap());
    }
    assert_eq!(listing(&path.join("out")), FILES);
}
