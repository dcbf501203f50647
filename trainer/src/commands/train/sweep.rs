//! `--sweep`: every combination of some values, judged on validation data: the test data choose nothing.

use super::{Args, CALIBRATION, Int8, data, hold_out, in_integers, measure_int8};
use crate::commands::Settings;
use crate::commands::work::Work;
use crate::dataset::permutation;
use crate::error::{Error, ErrorKind, Result};
use crate::train::{Fit, Recipe, Silent, watch};
use crate::{quantize, tnet};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What is held out for a recipe that holds out nothing itself.
const VALIDATION: f32 = 0.1;

/// What came of one combination.
#[derive(Clone, Debug, PartialEq)]
struct Trial {
    parameters: usize,
    bytes: usize,
    /// Of the integer model on the validation data: right answers, or the negative mean squared error.
    score: f64,
    seconds: f64,
}

/// A combination, and what came of it, or what was wrong.
type Row = (Vec<String>, std::result::Result<Trial, String>);

/// Trains every combination, each on one thread, as many at a time as there are cores, and prints the table.
/// # Errors
/// Where a value is none, a combination makes no recipe, or none could be trained; one that could not is a row that says why.
/// An interrupted sweep prints the rows that it has.
pub(super) fn run(recipe: &Recipe, args: &Args, settings: &Settings) -> Result<()> {
    let combinations = combinations(&args.sweep)?;
    let recipes = combinations.iter().map(|changes| {
        let mut recipe = recipe.with(changes)?;
        if recipe.data.validation == 0.0 {
            recipe.data.validation = VALIDATION;
        }
        Ok(recipe)
    });
    let recipes = recipes.collect::<Result<Vec<_>>>()?;
    let threads = args.threads();
    settings.note(format_args!("{}: {} trainings, {threads} at a time", recipe.name, recipes.len()));
    let (next, results) = (AtomicUsize::new(0), Mutex::new(vec![None; recipes.len()]));
    let work = Mutex::new(Work::begin(&recipe.name, "trainings", recipes.len() as u64, settings));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, recipes.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(recipe) = recipes.get(index) else { break };
                    let result = trial(recipe, settings);
                    let line = match &result {
                        Ok(trial) => format!("{}: {:.5}", combinations[index].join(" "), trial.score.abs()),
                        Err(error) => format!("{}: {error}", combinations[index].join(" ")),
                    };
                    if let Ok(mut work) = work.lock() {
                        work.line(settings, &line);
                        // An interrupted training says so itself.
                        let _ = work.advance(1);
                    }
                    if let Ok(mut results) = results.lock() {
                        results[index] = Some(result);
                    }
                }
            });
        }
    });
    drop(work);
    let (mut rows, mut first, mut interrupted) = (Vec::<Row>::new(), None, None);
    for (changes, result) in combinations.into_iter().zip(results.into_inner().unwrap_or_default()) {
        match result {
            Some(Err(error)) if error.kind() == ErrorKind::Interrupted => interrupted = Some(error),
            Some(result) => {
                let text = result.as_ref().map_err(ToString::to_string).cloned();
                first = first.or(result.err());
                rows.push((changes, text));
            }
            None => {}
        }
    }
    let trained = rows.iter().filter(|(_, result)| result.is_ok()).count();
    match (interrupted, first) {
        (None, Some(error)) if trained == 0 => {
            let message = format!("no combination could be trained; of the first: {error}");
            Err(Error::new(error.kind(), "--sweep", message))
        }
        (Some(error), _) if trained == 0 => Err(error),
        (interrupted, _) => {
            print(recipe, &mut rows, settings)?;
            interrupted.map_or(Ok(()), |_| {
                let message = format!("interrupted after {trained} of {} trainings", recipes.len());
                Err(Error::new(ErrorKind::Interrupted, "--sweep", message))
            })
        }
    }
}

/// The table, the smallest first, what could not be trained last.
fn print(recipe: &Recipe, rows: &mut [Row], settings: &Settings) -> Result<()> {
    rows.sort_by(|(_, a), (_, b)| match (a, b) {
        (Ok(a), Ok(b)) => a.bytes.cmp(&b.bytes).then(b.score.total_cmp(&a.score)),
        _ => a.is_err().cmp(&b.is_err()),
    });
    let front = front(rows);
    settings.print(&value(rows, &front), || text(recipe, rows, &front))
}

/// The combinations of `KEY=A,B` with each other, as changes of a recipe.
fn combinations(sweeps: &[String]) -> Result<Vec<Vec<String>>> {
    let mut all = vec![Vec::new()];
    for sweep in sweeps {
        let wrong = || Error::new(ErrorKind::Usage, format!("--sweep {sweep}"), "is not of the form KEY=VALUE,VALUE");
        let (key, values) = sweep.split_once('=').ok_or_else(wrong)?;
        let values: Vec<&str> = values.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        if values.is_empty() || key.is_empty() {
            return Err(wrong());
        }
        let extended = |before: &Vec<String>| {
            let add = |value: &&str| before.iter().cloned().chain([format!("{key}={value}")]).collect();
            values.iter().map(add).collect::<Vec<Vec<String>>>()
        };
        all = all.iter().flat_map(extended).collect();
    }
    Ok(all)
}

fn trial(recipe: &Recipe, settings: &Settings) -> Result<Trial> {
    let began = Instant::now();
    let splits = data(recipe, settings)?;
    let (mut train, validation) = hold_out(&splits.train, recipe.data.validation, recipe.seed);
    drop(splits);
    let Some(mut validation) = validation else {
        let message = "no sample is left to validate with; give a larger data.validation";
        return Err(Error::new(ErrorKind::Recipe, &recipe.name, message));
    };
    let mut sample_weights = None;
    if let Some(column) = &recipe.data.sample_weight {
        sample_weights = Some(train.take_column(column)?);
        validation.take_column(column)?;
    }
    let mut net = recipe.network(&train)?;
    let fit = Fit { sample_weights, stop: watch(), ..recipe.fit(&train)? };
    let history = fit.run(&mut net, &train, Some(&validation), None, &Silent)?;
    let calibration = train.select(&permutation(train.samples(), recipe.seed)[..CALIBRATION.min(train.samples())]);
    let integers = quantize::post_training(&net, calibration.features.real().view(), &in_integers(recipe, &history))?;
    let bytes = tnet::write(&integers)?;
    let score = match measure_int8(&bytes, &validation)? {
        Int8::Accuracy(accuracy) => accuracy,
        Int8::Mse(mse) => -mse,
    };
    let (parameters, bytes) = (net.parameters(), bytes.len());
    Ok(Trial { parameters, bytes, score, seconds: began.elapsed().as_secs_f64() })
}

/// For each row, whether it has a result that no other beats: as good and smaller, or better and not larger.
fn front(rows: &[Row]) -> Vec<bool> {
    let beats =
        |a: &Trial, b: &Trial| (a.bytes < b.bytes && a.score >= b.score) || (a.bytes <= b.bytes && a.score > b.score);
    let trials = || rows.iter().filter_map(|(_, result)| result.as_ref().ok());
    rows.iter().map(|(_, row)| row.as_ref().is_ok_and(|row| !trials().any(|other| beats(other, row)))).collect()
}

fn value(rows: &[Row], front: &[bool]) -> Value {
    let row = |((changes, result), front): (&Row, &bool)| match result {
        Ok(trial) => {
            let measured = if trial.score < 0.0 { "mse" } else { "accuracy" };
            json!({
                "changes": changes, "parameters": trial.parameters, "bytes": trial.bytes,
                "validation": {measured: trial.score.abs()}, "seconds": trial.seconds, "pareto": front,
            })
        }
        Err(error) => json!({"changes": changes, "error": error}),
    };
    json!({"sweep": rows.iter().zip(front).map(row).collect::<Vec<_>>()})
}

fn text(recipe: &Recipe, rows: &[Row], front: &[bool]) -> String {
    let names: Vec<String> = rows.iter().map(|(changes, _)| changes.join("  ")).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let accuracy = rows.iter().any(|(_, result)| result.as_ref().is_ok_and(|trial| trial.score > 0.0));
    let title = if accuracy { "accuracy" } else { "mse" };
    let mut text =
        format!("{:<width$}  {:>10}  {:>10}  {title:>10}  {:>8}\n", recipe.name, "parameters", "bytes", "seconds");
    for (((_, result), name), front) in rows.iter().zip(&names).zip(front) {
        let _ = match result {
            Ok(trial) => {
                let percent = format!("{:.2} %", 100.0 * trial.score);
                let score = if accuracy { percent } else { format!("{:.4}", -trial.score) };
                let mark = if *front { "  *" } else { "" };
                let (parameters, bytes, seconds) = (trial.parameters, trial.bytes, trial.seconds);
                writeln!(text, "{name:<width$}  {parameters:>10}  {bytes:>10}  {score:>10}  {seconds:>8.1}{mark}")
            }
            Err(error) => writeln!(text, "{name:<width$}  {error}"),
        };
    }
    text + "\nint8 on held-out training samples, as the chip computes it; * no smaller one is as good, none as small is better"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_meets_every_other() {
        let sweeps = ["layers=64,128-32".to_string(), "learning_rate=1e-3,3e-4".to_string()];
        let expected = [
            ["layers=64", "learning_rate=1e-3"],
            ["layers=64", "learning_rate=3e-4"],
            ["layers=128-32", "learning_rate=1e-3"],
            ["layers=128-32", "learning_rate=3e-4"],
        ];
        assert_eq!(combinations(&sweeps).unwrap(), expected);
        for wrong in ["layers", "=3", "layers=", "layers=,"] {
            assert!(combinations(&[wrong.into()]).unwrap_err().to_string().contains("KEY=VALUE,VALUE"), "{wrong}");
        }
    }

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let trial = |bytes, score| (vec![], Ok(Trial { parameters: 0, bytes, score, seconds: 0.0 }));
        let diverged = (vec![], Err("diverged".into()));
        let rows = [trial(10, 0.5), trial(20, 0.4), diverged, trial(20, 0.6), trial(30, 0.6), trial(40, 0.9)];
        assert_eq!(front(&rows), [true, false, false, true, false, true]);
    }
}
