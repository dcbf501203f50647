//! What the server tells the page: one form for everything, a JSON object and bytes after it.

use crate::error::Error;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

/// A message to the page: four bytes with the length of the JSON object (little-endian), the object, the payload.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// What it is about; `kind` says what follows.
    pub(super) head: Value,
    /// Pictures or a file, as the head says.
    pub(super) payload: Vec<u8>,
}

impl Answer {
    /// An answer without a payload.
    pub(super) fn new(head: Value) -> Self {
        Self { head, payload: Vec::new() }
    }

    /// What went wrong, in one line. `about` is the kind of answer that will not come.
    pub(super) fn error(about: &str, error: &Error) -> Self {
        Self::new(json!({"kind": "error", "about": about, "message": error.to_string()}))
    }

    /// As it goes over the line.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let head = self.head.to_string();
        let mut bytes = (head.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

/// The way to the page.
#[derive(Clone, Debug)]
pub(super) struct Outbox(pub(super) UnboundedSender<Answer>);

impl Outbox {
    /// Sends. Where the page has gone, there is nobody to tell; the session notices that its requests have ended.
    pub(super) fn send(&self, answer: Answer) {
        let _ = self.0.send(answer);
    }
}
