//! How well classes are told apart. Names and formulas are those of scikit-learn; a mean over classes is the macro average.

use ndarray::ArrayView2;

/// A network's results on samples of known classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// The mean cross-entropy of the true class; a probability below 1e-7 counts as 1e-7, and an output above 1
    /// (a sign's are -1 and 1) as 1.
    pub loss: f64,
    /// The share of right answers.
    pub accuracy: f64,
    /// The share of samples whose class is among the [`Classification::k`] largest outputs.
    pub top_k: f64,
    /// 5, or 2 where there are not more than 5 classes.
    pub k: usize,
    /// Of the samples that are called a class, the share that are; of two classes the second's, of more the mean.
    pub precision: f64,
    /// Of the samples of a class, the share that are called so; of two classes the second's, of more the mean.
    pub recall: f64,
    /// The harmonic mean of precision and recall; of two classes the second's, of more the mean.
    pub f1: f64,
    /// The area under the receiver operating characteristic; of more than two classes the mean of each against the rest.
    /// `None` where there are samples of one class only.
    pub auc: Option<f64>,
    /// `confusion[true class][predicted class]`
    pub confusion: Vec<Vec<usize>>,
}

impl Classification {
    /// Compares probabilities (samples x classes, or one column of the second class's) with the true classes.
    pub fn measure(outputs: ArrayView2<f32>, classes: &[u32], class_count: usize) -> Self {
        let most = classes.iter().max().map_or(0, |&class| class as usize + 1);
        let count = class_count.max(most).max(if outputs.ncols() == 1 { 2 } else { outputs.ncols() });
        let k = if count > 5 { 5 } else { 2 };
        let mut confusion = vec![vec![0; count]; count];
        let (mut loss, mut right, mut among) = (0.0, 0, 0);
        for (row, &class) in outputs.rows().into_iter().zip(classes) {
            let class = class as usize;
            let score = |class: usize| score(row, class);
            let predicted = (0..count).fold(0, |best, next| if score(next) > score(best) { next } else { best });
            loss -= f64::from(score(class)).clamp(1e-7, 1.0).ln();
            right += usize::from(predicted == class);
            among += usize::from((0..count).filter(|&other| score(other) > score(class)).count() < k);
            confusion[class][predicted] += 1;
        }
        let samples = classes.len().max(1) as f64;
        let rates: Vec<[f64; 3]> = (0..count).map(|class| rates(&confusion, class)).collect();
        let present: Vec<usize> =
            (0..count).filter(|&class| (0..count).any(|k| confusion[class][k] + confusion[k][class] > 0)).collect();
        let mean = |which: usize| match count {
            2 => rates[1][which],
            _ => present.iter().map(|&class| rates[class][which]).sum::<f64>() / present.len().max(1) as f64,
        };
        let auc = |class: usize| area(outputs.rows().into_iter().map(|row| score(row, class)), classes, class);
        let auc = if count == 2 {
            auc(1)
        } else {
            let areas: Vec<f64> = (0..count).filter_map(auc).collect();
            (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64)
        };
        let (accuracy, top_k) = (right as f64 / samples, among as f64 / samples);
        Self {
            loss: loss / samples,
            accuracy,
            top_k,
            k,
            precision: mean(0),
            recall: mean(1),
            f1: mean(2),
            auc,
            confusion,
        }
    }
}

/// A class's probability by a sample's outputs.
fn score(row: ndarray::ArrayView1<f32>, class: usize) -> f32 {
    match (row.len(), class) {
        (1, 0) => 1.0 - row[0],
        (1, 1) => row[0],
        _ => row.get(class).copied().unwrap_or(0.0),
    }
}

/// Precision, recall and F1 of one class; 0 where a quotient is 0/0.
fn rates(confusion: &[Vec<usize>], class: usize) -> [f64; 3] {
    let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let hits = confusion[class][class];
    let called = confusion.iter().map(|row| row[class]).sum();
    let are = confusion[class].iter().sum();
    [share(hits, called), share(hits, are), share(2 * hits, called + are)]
}

/// The probability that a sample of the class has a larger score than one of another, equal ones counting half (Mann and
/// Whitney 1947); `None` where there are no such pairs.
fn area(scores: impl Iterator<Item = f32>, classes: &[u32], class: usize) -> Option<f64> {
    let mut ranked: Vec<(f32, bool)> = scores.zip(classes).map(|(score, &is)| (score, is as usize == class)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut pairs) = (0.0, 0.0);
    for ties in ranked.chunk_by(|a, b| a.0 == b.0) {
        let own = ties.iter().filter(|(_, own)| *own).count() as f64;
        let others = ties.len() as f64 - own;
        pairs += own * (below + others / 2.0);
        below += others;
    }
    let own = ranked.len() as f64 - below;
    (own > 0.0 && below > 0.0).then(|| pairs / (own * below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;
    use crate::train::parity::{fixture, numbers};
    use ndarray::{Array2, array};

    #[test]
    fn classes_are_counted() {
        let outputs = array![[0.7, 0.2, 0.1], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0]];
        let metrics = Classification::measure(outputs.view(), &[0, 1, 2], 3);
        assert_eq!(metrics.confusion, [[1, 0, 0], [1, 0, 0], [0, 0, 1]]);
        assert_eq!(metrics.accuracy, 2.0 / 3.0);
        assert!((metrics.loss - (-(0.7f64.ln()) - 0.25f64.ln()) / 3.0).abs() < f64::from(tolerance::FUNCTION_OF_F32));
    }

    #[test]
    fn one_output_is_the_second_classs_probability() {
        let metrics = Classification::measure(array![[0.9], [0.4], [0.8]].view(), &[1, 0, 0], 2);
        assert_eq!(metrics.confusion, [[1, 1], [0, 1]]);
        assert!(
            (metrics.loss + (0.9f64.ln() + 0.6f64.ln() + 0.2f64.ln()) / 3.0).abs()
                < f64::from(tolerance::FUNCTION_OF_F32)
        );
    }

    #[test]
    fn metrics_are_those_of_scikit_learn() {
        let expected = &fixture("torch_training.json")["metrics"];
        let column = |name: &str| numbers(&expected[name]);
        let close = |name: &str, got: f64| {
            let expected = expected[name].as_f64().unwrap();
            assert!((got - expected).abs() < f64::from(tolerance::FUNCTION_F64), "{name}: {got} instead of {expected}");
        };
        let classes: Vec<u32> = column("classes").iter().map(|&class| class as u32).collect();
        let scores = column("scores").iter().map(|&score| score as f32).collect();
        let scores = Array2::from_shape_vec((classes.len(), 3), scores).unwrap();
        let metrics = Classification::measure(scores.view(), &classes, 3);
        close("accuracy", metrics.accuracy);
        assert_eq!(metrics.k, 2);
        close("top_2", metrics.top_k);
        close("precision", metrics.precision);
        close("recall", metrics.recall);
        close("f1", metrics.f1);
        close("auc", metrics.auc.unwrap());
        let classes: Vec<u32> = column("binary").iter().map(|&class| class as u32).collect();
        let scores = column("binary_scores").iter().map(|&score| score as f32).collect();
        let scores = Array2::from_shape_vec((classes.len(), 1), scores).unwrap();
        let metrics = Classification::measure(scores.view(), &classes, 2);
        close("binary_precision", metrics.precision);
        close("binary_recall", metrics.recall);
        close("binary_f1", metrics.f1);
        close("binary_auc", metrics.auc.unwrap());
    }

    #[test]
    fn one_class_alone_has_no_area() {
        let metrics = Classification::measure(array![[0.9], [0.4]].view(), &[1, 1], 2);
        assert_eq!((metrics.auc, metrics.recall, metrics.precision), (None, 0.5, 1.0));
    }
}
