//! The recipes that come with the program.

/// Name and text, in the order of the course.
const RECIPES: [(&str, &str); 17] = [
    ("perceptron", include_str!("../../../recipes/perceptron.toml")),
    ("activations", include_str!("../../../recipes/activations.toml")),
    ("softmax", include_str!("../../../recipes/softmax.toml")),
    ("backpropagation", include_str!("../../../recipes/backpropagation.toml")),
    ("xor", include_str!("../../../recipes/xor.toml")),
    ("quality", include_str!("../../../recipes/quality.toml")),
    ("boston", include_str!("../../../recipes/boston.toml")),
    ("boston-tutorial", include_str!("../../../recipes/boston-tutorial.toml")),
    ("mnist", include_str!("../../../recipes/mnist.toml")),
    ("mnist-int4", include_str!("../../../recipes/mnist-int4.toml")),
    ("mnist-int2", include_str!("../../../recipes/mnist-int2.toml")),
    ("mnist-best", include_str!("../../../recipes/mnist-best.toml")),
    ("mnist-12k", include_str!("../../../recipes/mnist-12k.toml")),
    ("mnist-4k", include_str!("../../../recipes/mnist-4k.toml")),
    ("mnist-1k", include_str!("../../../recipes/mnist-1k.toml")),
    ("fashion-mnist", include_str!("../../../recipes/fashion-mnist.toml")),
    ("fashion-mnist-best", include_str!("../../../recipes/fashion-mnist-best.toml")),
];

/// The names of the built-in recipes.
pub fn names() -> impl Iterator<Item = &'static str> {
    RECIPES.iter().map(|(name, _)| *name)
}

/// The text of a built-in recipe.
pub fn built_in(name: &str) -> Option<&'static str> {
    RECIPES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
