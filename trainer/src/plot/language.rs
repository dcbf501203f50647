//! The words in pictures, in English and in Chinese.

/// The language of a picture's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    #[value(name = "en")]
    English,
    /// Chinese in simplified characters.
    #[value(name = "zh")]
    Chinese,
}

/// English words and their Chinese counterparts, as textbooks have them. `data/fonts/subset.py` cuts the embedded font to
/// these characters.
const CHINESE: &[(&str, &str)] = &[
    ("epoch", "训练轮次"),
    ("training", "训练集"),
    ("validation", "验证集"),
    ("loss", "损失"),
    ("accuracy", "准确率"),
    ("mse", "均方误差"),
    ("mae", "平均绝对误差"),
    ("mean squared error", "均方误差"),
    ("predicted", "预测值"),
    ("predicted class", "预测类别"),
    ("true", "真实值"),
    ("true class", "真实类别"),
    ("exact", "预测完全正确"),
    ("samples", "样本"),
    ("value", "函数值"),
    ("derivative", "导数"),
    ("Activations and their derivatives", "激活函数及其导数"),
    ("linear", "线性"),
    ("weights", "权重"),
    ("share of the weights, %", "占权重的百分比"),
    ("before quantization", "量化前"),
    ("after quantization", "量化后"),
    ("accuracy, %", "准确率，%"),
    ("size of the .tnet, bytes", ".tnet 文件大小，字节"),
    ("better than every smaller one", "优于所有更小的模型"),
    ("quality check", "质量检测"),
    ("good", "合格"),
    ("bad", "不合格"),
    ("pass", "合格"),
    ("fail", "不合格"),
    ("orange", "橙"),
    ("blue", "蓝"),
    ("green", "绿"),
    ("measurement 1", "测量值 1"),
    ("measurement 2", "测量值 2"),
    ("inside", "内部"),
    ("outside", "外部"),
];

impl Language {
    /// A word in this language; what has no counterpart (a name, a symbol) stays as it is.
    pub fn word(self, english: &str) -> &str {
        let chinese = CHINESE.iter().find(|(word, _)| self == Self::Chinese && *word == english);
        chinese.map_or(english, |(_, word)| word)
    }

    /// `right` of `all` samples are right, as a title.
    pub fn right(self, name: &str, right: usize, all: usize) -> String {
        let percent = 100.0 * right as f64 / all.max(1) as f64;
        match self {
            Self::English => format!("{name}: {right} of {all} right, {percent:.2} %"),
            Self::Chinese => format!("{name}：{all} 个中正确 {right} 个，{percent:.2} %"),
        }
    }

    /// `wrong` of `all` samples are wrong, as a title.
    pub fn wrong(self, name: &str, wrong: usize, all: usize) -> String {
        match self {
            Self::English => format!("{name}: {wrong} of {all} wrong"),
            Self::Chinese => format!("{name}：{all} 个中错误 {wrong} 个"),
        }
    }

    /// A sample's caption: the answer, its probability, and the true class where the answer is wrong.
    pub fn caption(self, answer: &str, probability: f32, truth: Option<&str>) -> String {
        let percent = 100.0 * probability;
        match (self, truth) {
            (_, None) => format!("{answer} ({percent:.0} %)"),
            (Self::English, Some(truth)) => format!("{answer} ({percent:.0} %), is {truth}"),
            (Self::Chinese, Some(truth)) => format!("{answer} ({percent:.0} %)，应为 {truth}"),
        }
    }

    /// The title of a picture of the first layer's weights.
    pub fn first_layer(self, name: &str, largest: f32) -> String {
        match self {
            Self::English => format!("{name}: weights of the first layer, ±{largest:.2}"),
            Self::Chinese => format!("{name}：第一层的权重，±{largest:.2}"),
        }
    }

    /// The caption of a unit's weights.
    pub fn unit(self, index: usize) -> String {
        match self {
            Self::English => format!("unit {index}"),
            Self::Chinese => format!("单元 {index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Gallery, Picture, Tile};

    fn drawn(text: &str) -> Vec<u8> {
        let tile = Tile { shape: [1, 1], values: vec![0.0], caption: String::new(), right: None };
        Gallery { title: text.into(), tiles: vec![tile], columns: 1, signed: false }.png().unwrap()
    }

    #[test]
    fn names_stay_and_words_are_put_into_chinese() {
        assert_eq!(Language::Chinese.word("loss"), "损失");
        assert_eq!((Language::English.word("loss"), Language::Chinese.word("x1")), ("loss", "x1"));
        assert_eq!(Language::English.right("mnist", 3, 4), "mnist: 3 of 4 right, 75.00 %");
    }

    #[test]
    fn the_font_has_every_character() {
        let missing = drawn("\u{e000}");
        let phrases = [
            Language::Chinese.right("", 1, 2),
            Language::Chinese.wrong("", 1, 2),
            Language::Chinese.caption("", 0.5, Some("")),
            Language::Chinese.first_layer("", 0.5),
            Language::Chinese.unit(0),
        ];
        let words = CHINESE.iter().flat_map(|(english, chinese)| [*english, chinese]);
        let greek_and_signs = "αβγδεθλμπσφω±×≤≥√∞°–…";
        let all: String = words.chain(phrases.iter().map(String::as_str)).chain([greek_and_signs]).collect();
        let mut characters: Vec<char> = all.chars().filter(|c| !c.is_whitespace()).collect();
        characters.sort_unstable();
        characters.dedup();
        for c in characters {
            assert_ne!(drawn(&c.to_string()), missing, "{c:?} is not in the font; run data/fonts/subset.py");
        }
    }
}
