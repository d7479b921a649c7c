//! `ruleeval.yaml`: what the receiver knows about itself.

use crate::Exit;
use crate::output::complain;
use ruleeval::engine::{Compiled, Compiler};
use ruleeval::message::{Limits, Settings, Vip};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// The mailbox that received the messages.
    mailbox: Option<String>,
    /// Bounds on the work that one message may cause.
    limits: LimitsConfig,
    /// Further lists of texts that rules may name.
    lists: BTreeMap<String, Vec<String>>,
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
}

/// Options of every command that evaluates.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file; without it `ruleeval.yaml` in the working directory, if there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

const DEFAULT: &str = "ruleeval.yaml";

impl Config {
    /// Reads the configuration; the reason if there is none to be had.
    fn load(args: &ConfigArgs) -> Result<Self, String> {
        let path = match &args.config {
            Some(path) => path.clone(),
            None if Path::new(DEFAULT).is_file() => PathBuf::from(DEFAULT),
            None => return Ok(Self::default()),
        };
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_yaml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
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
            },
        }
    }

    /// Compiles packs with this configuration.
    pub(crate) fn compile(&self, packs: &[PathBuf], now: Option<i64>) -> Compiled {
        let mut compiler = Compiler::new();
        compiler.settings(self.settings()).now(now);
        for (name, entries) in
            [("org_display_names", &self.org_display_names), ("tenant_domains", &self.tenant_domains)]
        {
            compiler.list(name, entries.clone());
        }
        for (name, entries) in &self.lists {
            compiler.list(name, entries.clone());
        }
        for pack in packs {
            compiler.load(pack);
        }
        compiler.compile()
    }
}
