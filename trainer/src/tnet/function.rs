//! The trainer's activation functions and the runtime's.

use crate::nn::{Activation, Elementwise};
use thumbnet::Function;

/// The runtime's name of an activation; `None` where it knows only the table.
pub(super) fn encode(activation: Activation) -> Option<Function> {
    Some(match activation {
        Activation::Linear => Function::Linear,
        Activation::Relu => Function::Relu,
        Activation::Sigmoid => Function::Sigmoid,
        Activation::Tanh => Function::Tanh,
        Activation::Softmax => Function::Softmax,
        Activation::LogSoftmax => Function::LogSoftmax,
        Activation::Elementwise(function) => match function {
            Elementwise::LeakyRelu { slope } => Function::LeakyRelu { slope },
            Elementwise::Elu { alpha } => Function::Elu { alpha },
            Elementwise::Selu { alpha, gamma } => Function::Selu { alpha, gamma },
            Elementwise::Celu { alpha } => Function::Celu { alpha },
            Elementwise::Gelu => Function::Gelu,
            Elementwise::GeluTanh => Function::GeluTanh,
            Elementwise::Swish { beta } => Function::Swish { beta },
            Elementwise::Mish => Function::Mish,
            Elementwise::Softplus => Function::Softplus,
            Elementwise::Softsign => Function::Softsign,
            Elementwise::HardSigmoid { alpha, beta } => Function::HardSigmoid { alpha, beta },
            Elementwise::HardSwish => Function::HardSwish,
            Elementwise::ThresholdedRelu { threshold } => Function::ThresholdedRelu { threshold },
            Elementwise::Clip { lo, hi } => Function::Clip { lo, hi },
            Elementwise::Abs => Function::Abs,
            Elementwise::Exp => Function::Exp,
            Elementwise::Sign => return None,
        },
    })
}

/// The trainer's name of an activation; `None` where only its table is known.
pub(super) fn decode(function: Function) -> Option<Activation> {
    Some(match function {
        Function::Linear => Activation::Linear,
        Function::Relu => Activation::Relu,
        Function::Sigmoid => Activation::Sigmoid,
        Function::Tanh => Activation::Tanh,
        Function::Softmax => Activation::Softmax,
        Function::LogSoftmax => Activation::LogSoftmax,
        Function::LeakyRelu { slope } => Activation::Elementwise(Elementwise::LeakyRelu { slope }),
        Function::Elu { alpha } => Activation::Elementwise(Elementwise::Elu { alpha }),
        Function::Selu { alpha, gamma } => Activation::Elementwise(Elementwise::Selu { alpha, gamma }),
        Function::Celu { alpha } => Activation::Elementwise(Elementwise::Celu { alpha }),
        Function::Gelu => Activation::Elementwise(Elementwise::Gelu),
        Function::GeluTanh => Activation::Elementwise(Elementwise::GeluTanh),
        Function::Swish { beta } => Activation::Elementwise(Elementwise::Swish { beta }),
        Function::Mish => Activation::Elementwise(Elementwise::Mish),
        Function::Softplus => Activation::Elementwise(Elementwise::Softplus),
        Function::Softsign => Activation::Elementwise(Elementwise::Softsign),
        Function::HardSigmoid { alpha, beta } => Activation::Elementwise(Elementwise::HardSigmoid { alpha, beta }),
        Function::HardSwish => Activation::Elementwise(Elementwise::HardSwish),
        Function::ThresholdedRelu { threshold } => Activation::Elementwise(Elementwise::ThresholdedRelu { threshold }),
        Function::Clip { lo, hi } => Activation::Elementwise(Elementwise::Clip { lo, hi }),
        Function::Abs => Activation::Elementwise(Elementwise::Abs),
        Function::Exp => Activation::Elementwise(Elementwise::Exp),
        _ => return None,
    })
}
