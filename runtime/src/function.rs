//! The activation functions and their codes in the file.

/// An activation function. Formulas are those of the ONNX operators of the same name.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[allow(missing_docs)] // the parameters have the operators' names
pub enum Function {
    /// `x`
    Linear,
    /// `max(x, 0)`
    Relu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `tanh(x)`
    Tanh,
    /// `exp(x_i) / sum_j exp(x_j)`
    Softmax,
    /// `ln(softmax(x))`
    LogSoftmax,
    /// `x < 0 ? slope * x : x`
    LeakyRelu { slope: f32 },
    /// `x < 0 ? alpha * (exp(x) - 1) : x`
    Elu { alpha: f32 },
    /// `gamma * (x > 0 ? x : alpha * (exp(x) - 1))`
    Selu { alpha: f32, gamma: f32 },
    /// `max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`
    Celu { alpha: f32 },
    /// `x / 2 * (1 + erf(x / sqrt(2)))`
    Gelu,
    /// `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`
    GeluTanh,
    /// `x * sigmoid(beta * x)`
    Swish { beta: f32 },
    /// `x * tanh(ln(1 + exp(x)))`
    Mish,
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `clamp(alpha * x + beta, 0, 1)`
    HardSigmoid { alpha: f32, beta: f32 },
    /// `x * clamp(x / 6 + 1/2, 0, 1)`
    HardSwish,
    /// `x > threshold ? x : 0`
    ThresholdedRelu { threshold: f32 },
    /// `clamp(x, lo, hi)`
    Clip { lo: f32, hi: f32 },
    /// `|x|`
    Abs,
    /// `exp(x)`
    Exp,
    /// Only the table of an integer layer says what it is.
    Table,
}

impl Function {
    /// The code of a function that only its table defines.
    pub(crate) const UNKNOWN: u8 = 255;

    /// Whether this version knows the code.
    pub(crate) const fn known(code: u8) -> bool {
        matches!(code, 0..=5 | 16..=31 | Self::UNKNOWN)
    }

    /// The function of a code with its two parameters; [`Function::Table`] where the code is not known.
    #[doc(hidden)]
    pub const fn from_code(code: u8, first: f32, second: f32) -> Self {
        match code {
            0 => Self::Linear,
            1 => Self::Relu,
            2 => Self::Sigmoid,
            3 => Self::Tanh,
            4 => Self::Softmax,
            5 => Self::LogSoftmax,
            16 => Self::LeakyRelu { slope: first },
            17 => Self::Elu { alpha: first },
            18 => Self::Selu { alpha: first, gamma: second },
            19 => Self::Celu { alpha: first },
            20 => Self::Gelu,
            21 => Self::GeluTanh,
            22 => Self::Swish { beta: first },
            23 => Self::Mish,
            24 => Self::Softplus,
            25 => Self::Softsign,
            26 => Self::HardSigmoid { alpha: first, beta: second },
            27 => Self::HardSwish,
            28 => Self::ThresholdedRelu { threshold: first },
            29 => Self::Clip { lo: first, hi: second },
            30 => Self::Abs,
            31 => Self::Exp,
            _ => Self::Table,
        }
    }

    /// The code in the file, and the two parameters (0 where there is none).
    #[doc(hidden)]
    pub const fn code(self) -> (u8, f32, f32) {
        match self {
            Self::Linear => (0, 0.0, 0.0),
            Self::Relu => (1, 0.0, 0.0),
            Self::Sigmoid => (2, 0.0, 0.0),
            Self::Tanh => (3, 0.0, 0.0),
            Self::Softmax => (4, 0.0, 0.0),
            Self::LogSoftmax => (5, 0.0, 0.0),
            Self::LeakyRelu { slope } => (16, slope, 0.0),
            Self::Elu { alpha } => (17, alpha, 0.0),
            Self::Selu { alpha, gamma } => (18, alpha, gamma),
            Self::Celu { alpha } => (19, alpha, 0.0),
            Self::Gelu => (20, 0.0, 0.0),
            Self::GeluTanh => (21, 0.0, 0.0),
            Self::Swish { beta } => (22, beta, 0.0),
            Self::Mish => (23, 0.0, 0.0),
            Self::Softplus => (24, 0.0, 0.0),
            Self::Softsign => (25, 0.0, 0.0),
            Self::HardSigmoid { alpha, beta } => (26, alpha, beta),
            Self::HardSwish => (27, 0.0, 0.0),
            Self::ThresholdedRelu { threshold } => (28, threshold, 0.0),
            Self::Clip { lo, hi } => (29, lo, hi),
            Self::Abs => (30, 0.0, 0.0),
            Self::Exp => (31, 0.0, 0.0),
            Self::Table => (Self::UNKNOWN, 0.0, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Function;

    #[test]
    fn every_known_code_comes_back() {
        for code in 0..=u8::MAX {
            let function = Function::from_code(code, 0.0, 0.0);
            if Function::known(code) {
                assert_eq!(function.code().0, code);
            } else {
                assert_eq!(function, Function::Table);
            }
        }
    }
}
