//! `ruleeval.yaml`: what the receiver knows about itself.

mod shape;

use crate::Exit;
use crate::output::complain;
use crate::serve::settings::ServiceConfig;
use ruleeval::dns::{Recorded, Resolver};
use ruleeval::engine::{Compiled, Compiler, LayerSpec, Selectivity};
use ruleeval::lists::Scope;
use ruleeval::live_dns::LiveDns;
use ruleeval::message::{Limits, Settings, Vip};
use ruleeval::pack::{Policy, Trust};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use shape::schema;

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The organisation's own domains.
    org_domains: Vec<String>,
    /// The organisation's own display names.
    org_display_names: Vec<String>,
    /// People who are often impersonated.
    org_vips: Vec<VipConfig>,
    /// Own Microsoft 365 tenants.
    tenant_domains: Vec<String>,
    /// Whose Authentication-Results are believed.
    trusted_authserv_ids: Vec<String>,
    /// Received fields that own servers write above the border's result.
    trusted_hops: usize,
    /// Whose ARC-Authentication-Results are believed, if the chain is valid.
    trusted_arc_sealers: Vec<String>,
    /// Who answers for own verification: `live`, or a file of recorded DNS.
    dns: Option<String>,
    /// The file of recorded DNS that was opened.
    #[serde(skip)]
    dns_file: Option<PathBuf>,
    /// The opened resolver.
    #[serde(skip)]
    resolver: Option<Arc<dyn Resolver>>,
    /// A file of `ruleeval profile --write-selectivity`.
    selectivity: Option<PathBuf>,
    /// What it says.
    #[serde(skip)]
    measured: Selectivity,
    /// The mailbox that received the messages.
    mailbox: Option<String>,
    /// Bounds on the work that one message may cause.
    limits: LimitsConfig,
    /// Further lists of texts that rules may name.
    lists: BTreeMap<String, Vec<String>>,
    /// What `serve` needs.
    pub(crate) service: ServiceConfig,
    /// What is laid over lists, for everybody, a domain or a user.
    list_layers: Vec<LayerConfig>,
    /// A policy that goes before the packs' own, entry by entry.
    policy: Option<Policy>,
    /// Packs without a good signature are refused.
    require_signatures: bool,
    /// Public keys of minisign whose packs are believed.
    trusted_pack_keys: Vec<String>,
    #[serde(skip)]
    trust: Trust,
    #[serde(skip)]
    layers: Vec<LayerSpec>,
}

/// What a layer adds to a list and takes from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerConfig {
    /// `pack/list`, or the name of a list of the configuration.
    list: String,
    domain: Option<String>,
    user: Option<String>,
    #[serde(default)]
    enforced: bool,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    /// List files, relative to the working directory.
    add_file: Option<PathBuf>,
    remove_file: Option<PathBuf>,
}

/// Largest file of a layer, in bytes.
const MAX_LAYER_FILE: u64 = 64 << 20;

impl LayerConfig {
    fn spec(&self) -> Result<LayerSpec, String> {
        let scope = match (&self.domain, &self.user) {
            (Some(domain), None) => Scope::Domain(domain.to_lowercase()),
            (None, Some(user)) => Scope::User(user.to_lowercase()),
            (None, None) => Scope::Global,
            (Some(_), Some(_)) => return Err(format!("list_layers: `{}` has a domain and a user", self.list)),
        };
        Ok(LayerSpec {
            list: self.list.clone(),
            scope,
            enforced: self.enforced,
            add: lines(&self.add, self.add_file.as_deref())?,
            remove: lines(&self.remove, self.remove_file.as_deref())?,
        })
    }
}

/// The lines of a list file: those of the file first, so that it may be of any format.
fn lines(entries: &[String], file: Option<&Path>) -> Result<Arc<str>, String> {
    let mut text = match file {
        Some(path) => read(path).map_err(|error| format!("list_layers: {}: {error}", path.display()))?,
        None => String::new(),
    };
    if file.is_some() && !entries.is_empty() {
        return Err("list_layers: entries stand either in the configuration or in a file".into());
    }
    entries.iter().for_each(|entry| text.push_str(&format!("{entry}\n")));
    Ok(text.into())
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_LAYER_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LAYER_FILE {
        return Err(std::io::Error::other(format!("larger than {MAX_LAYER_FILE} bytes")));
    }
    Ok(text)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VipConfig {
    display_name: String,
    email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsConfig {
    message_bytes: Option<usize>,
    header_bytes: Option<usize>,
    headers: Option<usize>,
    parts: Option<usize>,
    depth: Option<usize>,
    text_bytes: Option<usize>,
    links: Option<usize>,
    files: Option<usize>,
    file_bytes: Option<usize>,
    pages: Option<usize>,
    pixels: Option<usize>,
}

/// Options of every command that loads packs: configuration, whose packs are believed, time.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; without it `ruleeval.yaml` in the working directory, if there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Refuse packs that no trusted key signed, as `require_signatures: true` does
    #[arg(long)]
    pub(crate) require_signatures: bool,
    /// A public key of minisign, or a file that holds one, whose packs are believed, beside
    /// `trusted_pack_keys`
    #[arg(long, value_name = "KEY|FILE")]
    pub(crate) trusted_key: Vec<String>,
    /// "Now" for rules, exceptions and list entries that read time, instead of the machine's
    #[arg(long, value_name = "TIME")]
    pub(crate) clock: Option<String>,
    /// Verify SPF, DKIM, DMARC and ARC, with DNS asked now (`live`) or recorded in a file; `off` in
    /// spite of the configuration
    #[arg(long, value_name = "live|FILE")]
    pub(crate) dns: Option<String>,
}

/// Options of every command that asks packs about messages.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RulesArgs {
    /// Folders with pack.yaml, their archives, or single rule files
    #[arg(long = "rules", required = true, value_name = "PACK")]
    pub(crate) packs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

const DEFAULT: &str = "ruleeval.yaml";

impl ConfigArgs {
    /// The configuration file, if there is one.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| Path::new(DEFAULT).is_file().then(|| PathBuf::from(DEFAULT)))
    }
}

/// True unless it is no name of a file of recorded DNS.
fn is_file(name: &str) -> bool {
    !matches!(name, "live" | "off")
}

/// The text of a public key that is given itself or as a file.
fn public_key(key: &str) -> Result<String, String> {
    let path = Path::new(key);
    if !path.is_file() {
        return Ok(key.to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| format!("{key}: {error}"))
}

/// A file that the configuration names beside itself.
fn beside(folder: &Path, name: &str) -> String {
    if is_file(name) { folder.join(name).to_string_lossy().into_owned() } else { name.to_owned() }
}

/// Opens `live`, or a file of recorded DNS; nothing for `off`.
pub(crate) fn resolver(name: &str) -> Result<Option<Arc<dyn Resolver>>, String> {
    match name {
        "off" => Ok(None),
        "live" => Ok(Some(Arc::new(LiveDns::open()?))),
        path => {
            let text = text_of(Path::new(path))?;
            let recorded = Recorded::parse(&text).map_err(|error| format!("{path}: {error}"))?;
            Ok(Some(Arc::new(recorded)))
        }
    }
}

fn text_of(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn measured(path: &Path) -> Result<Selectivity, String> {
    serde_json::from_str(&text_of(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

impl Config {
    /// Reads the configuration, with what the arguments add; the reason if there is none to be had.
    pub(crate) fn load(args: &ConfigArgs) -> Result<Self, String> {
        let path = args.file();
        let mut config = path.as_deref().map_or_else(|| Ok(Self::default()), Self::read)?;
        config.require_signatures |= args.require_signatures;
        for key in &args.trusted_key {
            config.trusted_pack_keys.push(public_key(key)?);
        }
        config.trust = Trust::new(&config.trusted_pack_keys, config.require_signatures)?;
        config.layers = config.list_layers.iter().map(LayerConfig::spec).collect::<Result<_, _>>()?;
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let dns = args.dns.clone().or_else(|| config.dns.as_deref().map(|name| beside(folder, name)));
        config.dns_file = dns.as_deref().filter(|name| is_file(name)).map(PathBuf::from);
        config.resolver = dns.as_deref().map_or(Ok(None), resolver)?;
        config.selectivity = config.selectivity.map(|path| folder.join(path));
        config.measured = config.selectivity.as_deref().map_or_else(|| Ok(Selectivity::default()), measured)?;
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self, String> {
        let text = text_of(path)?;
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let name = path.display().to_string();
        serde_json::from_value(shape::read(&name, &text)?).map_err(|error| format!("{name}: {error}"))
    }

    /// Reads the configuration or says why not.
    pub(crate) fn load_or_complain(args: &ConfigArgs) -> Result<Self, Exit> {
        Self::load(args).map_err(|reason| {
            complain(&reason);
            Exit::Usage
        })
    }

    fn settings(&self) -> Settings {
        let default = Limits::default();
        let limits = &self.limits;
        Settings {
            org_domains: self.org_domains.clone(),
            org_vips: self
                .org_vips
                .iter()
                .map(|vip| Vip { display_name: vip.display_name.clone(), email: vip.email.clone() })
                .collect(),
            trusted_authserv_ids: self.trusted_authserv_ids.clone(),
            trusted_hops: self.trusted_hops,
            trusted_arc_sealers: self.trusted_arc_sealers.clone(),
            resolver: self.resolver.clone(),
            now: None,
            mailbox: self.mailbox.clone(),
            auth_override: None,
            limits: Limits {
                message_bytes: limits.message_bytes.unwrap_or(default.message_bytes),
                header_bytes: limits.header_bytes.unwrap_or(default.header_bytes),
                headers: limits.headers.unwrap_or(default.headers),
                parts: limits.parts.unwrap_or(default.parts),
                depth: limits.depth.unwrap_or(default.depth),
                text_bytes: limits.text_bytes.unwrap_or(default.text_bytes),
                links: limits.links.unwrap_or(default.links),
                files: limits.files.unwrap_or(default.files),
                file_bytes: limits.file_bytes.unwrap_or(default.file_bytes),
                pages: limits.pages.unwrap_or(default.pages),
                pixels: limits.pixels.unwrap_or(default.pixels),
            },
        }
    }

    /// Whose packs are believed.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Who answers questions to DNS.
    pub(crate) fn resolver(&self) -> Option<Arc<dyn Resolver>> {
        self.resolver.clone()
    }

    /// The same configuration with another resolver.
    pub(crate) fn with_resolver(mut self, resolver: Option<Arc<dyn Resolver>>) -> Self {
        self.resolver = resolver;
        self
    }

    /// The files that it reads beside itself, relative to the working directory.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let layers = self.list_layers.iter().flat_map(|layer| layer.add_file.iter().chain(&layer.remove_file));
        layers.chain(&self.dns_file).chain(&self.selectivity).cloned().collect()
    }

    /// A compiler with all but the packs.
    pub(crate) fn compiler(&self) -> Compiler {
        let mut compiler = Compiler::new();
        compiler.settings(self.settings()).trust(self.trust.clone()).selectivity(self.measured.clone());
        for layer in &self.layers {
            compiler.layer(layer.clone());
        }
        if let Some(policy) = &self.policy {
            compiler.policy(policy.clone());
        }
        for (name, entries) in
            [("org_display_names", &self.org_display_names), ("tenant_domains", &self.tenant_domains)]
        {
            compiler.list(name, entries.clone());
        }
        for (name, entries) in &self.lists {
            compiler.list(name, entries.clone());
        }
        compiler
    }

    /// Compiles packs with this configuration.
    pub(crate) fn compile(&self, packs: &[PathBuf], now: Option<i64>) -> Compiled {
        let mut compiler = self.compiler();
        compiler.now(now);
        for pack in packs {
            compiler.load(pack);
        }
        compiler.compile()
    }
}
