//! Evaluates a multilayer perceptron from a `.tnet` file on a microcontroller.
#![no_std]
