//! A parsed message and its features, computed on demand, each at most once.

/// A parsed message.
#[derive(Debug)]
pub struct Message;
