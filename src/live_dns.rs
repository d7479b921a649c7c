//! Asks the domain name system itself: the only module with a network. Everything else gets its
//! answers through [`Resolver`].

use crate::dns::{Answer, Kind, Record, Resolver, canonical};
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use mail_auth::hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_auth::hickory_resolver::net::{DnsError, NetError};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::hickory_resolver::proto::rr::{Name, RData, RecordType};
use mail_auth::hickory_resolver::{ResolverBuilder, TokioResolver};
use std::fmt;
use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long one answer is waited for, all tries together, unless the host says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one try takes.
const TRY: Duration = Duration::from_secs(3);

type Unbuilt = ResolverBuilder<TokioRuntimeProvider>;

/// The name servers of the machine's configuration, with a cache. Blocks while it asks, from any
/// thread; shared between threads.
pub struct LiveDns {
    resolver: TokioResolver,
    runtime: Option<Runtime>,
    patience: Duration,
}

impl fmt::Debug for LiveDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveDns")
    }
}

impl LiveDns {
    /// Reads the machine's configuration (`/etc/resolv.conf`); the reason if that fails.
    pub fn open() -> Result<Self, String> {
        Self::build(TokioResolver::builder_tokio)
    }

    /// Asks these name servers, over UDP and TCP, and none else; the reason if that cannot be.
    pub fn asking(servers: &[SocketAddr]) -> Result<Self, String> {
        let servers = servers.iter().map(|server| {
            let mut connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            connections.iter_mut().for_each(|connection| connection.port = server.port());
            NameServerConfig::new(server.ip(), true, connections.into())
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        Self::build(|| Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())))
    }

    /// Waits so long for one answer, all tries together; ten seconds unless said otherwise. Without
    /// an answer by then a lookup has failed.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn build(builder: impl FnOnce() -> Result<Unbuilt, NetError>) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("dns").enable_all().build();
        let runtime = runtime.map_err(|error| format!("no thread for DNS: {error}"))?;
        let resolver = {
            let _inside = runtime.enter();
            let mut builder = builder().map_err(|error| format!("no DNS here: {error}"))?;
            let options = builder.options_mut();
            (options.timeout, options.attempts) = (TRY, 2);
            // What a file of this machine says is no answer of DNS.
            options.use_hosts_file = ResolveHosts::Never;
            builder.build().map_err(|error| format!("no DNS here: {error}"))?
        };
        Ok(Self { resolver, runtime: Some(runtime), patience: PATIENCE })
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
        receiver.recv_timeout(self.patience).unwrap_or(Answer::TempError)
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
