//! `ruleeval serve` as its users have it: a process with sockets.

mod config;
mod hostile;
mod http;
mod milter;
mod postfix;
mod reload;
mod rspamc;
mod sendmail;
mod smtp;
mod support;
