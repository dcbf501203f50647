//! The playground: a page on this machine that watches a network learn, and the server behind it.
//!
//! The page draws and asks; everything that is computed (data, training, quantization, the chip) is computed here, by the
//! same code as in the commands. Each open page has a session with a thread of its own; page and session talk in
//! requests and answers over one WebSocket, and training goes on only as fast as the page draws.

mod answer;
mod chip;
mod digits;
mod feature;
mod file;
mod gate;
mod grid;
mod lab;
mod page;
mod problem;
mod request;
mod server;
mod session;
mod settings;
mod view;

pub use server::Server;
