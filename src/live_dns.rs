//! Asks the domain name system itself: the only module with a network. Everything else gets its
//! answers through [`Resolver`].

use crate::dns::{Answer, Kind, Record, Resolver, canonical};
use mail_auth::hickory_resolver::TokioResolver;
use mail_auth::hickory_resolver::net::{DnsError, NetError};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::fmt;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long one answer is waited for, all tries together.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one try takes.
const TRY: Duration = Duration::from_secs(3);

/// The name servers of the machine's configuration, with a cache. Blocks while it asks, from any
/// thread; shared between threads.
pub struct LiveDns {
    resolver: TokioResolver,
    runtime: Option<Runtime>,
}

impl fmt::Debug for LiveDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveDns")
    }
}

impl LiveDns {
    /// Reads the machine's configuration (`/etc/resolv.conf`); the reason if that fails.
    pub fn open() -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("dns").enable_all().build();
        let runtime = runtime.map_err(|error| format!("no thread for DNS: {error}"))?;
        let resolver = {
            let _inside = runtime.enter();
            let mut builder = TokioResolver::builder_tokio().map_err(|error| format!("no DNS here: {error}"))?;
            builder.options_mut().timeout = TRY;
            builder.options_mut().attempts = 2;
            builder.build().map_err(|error| format!("no DNS here: {error}"))?
        };
        Ok(Self { resolver, runtime: Some(runtime) })
    }
}

impl Drop for LiveDns {
    /// Lets go of the thread without waiting for it, as a runtime may not be waited for in another.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Resolver for LiveDns {
    fn lookup(&self, name: &str, kind: Kind) -> Answer {
        let (Some(runtime), Ok(name)) = (&self.runtime, Name::from_str_relaxed(format!("{name}."))) else {
            return Answer::NxDomain;
        };
        let (sender, receiver) = sync_channel(1);
        let resolver = self.resolver.clone();
        runtime.spawn(async move {
            let answer = match resolver.lookup(name, record_type(kind)).await {
                Ok(lookup) => Answer::Records(
                    lookup.answers().iter().filter_map(|record| self::record(&record.data, kind)).collect(),
                ),
                Err(error) => failure(&error),
            };
            // Nobody waits any more after the time is up.
            let _ = sender.send(answer);
        });
        receiver.recv_timeout(PATIENCE).unwrap_or(Answer::TempError)
    }
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::Txt => RecordType::TXT,
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Ptr => RecordType::PTR,
    }
}

/// A record of the kind that was asked for; aliases on the way are left out.
fn record(data: &RData, kind: Kind) -> Option<Record> {
    match (kind, data) {
        (Kind::Txt, RData::TXT(txt)) => Some(Record::Txt(txt.txt_data.concat())),
        (Kind::A, RData::A(ip)) => Some(Record::Ip(ip.0.into())),
        (Kind::Aaaa, RData::AAAA(ip)) => Some(Record::Ip(ip.0.into())),
        (Kind::Mx, RData::MX(mx)) => Some(Record::Mx(mx.preference, canonical(&mx.exchange.to_ascii()))),
        (Kind::Ptr, RData::PTR(name)) => Some(Record::Ptr(canonical(&name.to_ascii()))),
        _ => None,
    }
}

fn failure(error: &NetError) -> Answer {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Answer::NxDomain,
            ResponseCode::NoError => Answer::Records(Vec::new()),
            _ => Answer::TempError,
        },
        _ => Answer::TempError,
    }
}
