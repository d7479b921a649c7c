//! `ruleeval serve` as its users have it: a process with sockets.

mod hostile;
mod http;
mod milter;
mod postfix;
mod reload;
mod rspamc;
mod support;
