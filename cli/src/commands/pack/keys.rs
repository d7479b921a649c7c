//! Keys and signatures in minisign's format, interchangeable with its own tool.

use super::{KeygenArgs, PacksArgs, SignArgs, config, failed};
use crate::Exit;
use crate::output::{complain, print};
use base64::Engine as _;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use ruleeval::pack::{Archive, Loading, Pack, contents, is_archive, signature_path};
use ruleeval::source::SourceMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Longest key file that is read, in bytes.
const MAX_KEY_FILE: usize = 16 << 10;

/// Runs `pack keygen`.
pub(super) fn generate(args: &KeygenArgs) -> Result<(), Exit> {
    let mut public = args.file.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    if args.file.exists() || public.exists() {
        return Err(failed(&args.file, "is there already"));
    }
    let password = password(args.password_file.as_deref())?;
    let password = if args.no_password { Some(String::new()) } else { password };
    let pair = KeyPair::generate_encrypted_keypair(password).map_err(|error| failed(&args.file, &error.to_string()))?;
    let secret = if args.no_password { plain(&pair.sk) } else { Ok(pair.sk) };
    let texts = secret.and_then(|secret| Ok((secret.to_box(None)?.into_string(), pair.pk.to_box()?.into_string())));
    let (secret, key) = texts.map_err(|error| failed(&args.file, &error.to_string()))?;
    write_secret(&args.file, &secret).map_err(|error| failed(&args.file, &error.to_string()))?;
    std::fs::write(&public, key).map_err(|error| failed(&public, &error.to_string()))?;
    print(&format!("trusted_pack_keys: [{}]\n", pair.pk.to_base64()));
    complain(&format!("secret key {}, public key {}", args.file.display(), public.display()));
    Ok(())
}

/// The key as minisign writes one without a password: no key derivation.
fn plain(key: &SecretKey) -> Result<SecretKey, minisign::PError> {
    let mut bytes = key.to_bytes();
    // Two bytes each of signature, derivation and checksum; salt, limits of operations and memory.
    bytes[2..4].fill(0);
    bytes[6..54].fill(0);
    SecretKey::from_bytes(&bytes)
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn password(file: Option<&Path>) -> Result<Option<String>, Exit> {
    let Some(path) = file else { return Ok(None) };
    Ok(Some(read(path)?.lines().next().unwrap_or_default().to_owned()))
}

fn read(path: &Path) -> Result<String, Exit> {
    let text = std::fs::read_to_string(path).map_err(|error| failed(path, &error.to_string()))?;
    if text.len() > MAX_KEY_FILE {
        return Err(failed(path, "too large for a key"));
    }
    Ok(text)
}

/// Runs `pack sign`.
pub(super) fn sign(args: &SignArgs) -> Result<(), Exit> {
    let text = read(&args.key)?;
    let password = password(args.password_file.as_deref())?;
    let bad_key = |error: minisign::PError| failed(&args.key, &error.to_string());
    let secret = match unencrypted(&text) {
        Some(secret) => secret,
        None => SecretKeyBox::from_string(&text).and_then(|boxed| SecretKey::from_box(boxed, password)),
    };
    let secret = secret.map_err(bad_key)?;
    let public = PublicKey::from_secret_key(&secret).map_err(bad_key)?;
    for pack in &args.packs {
        let bytes = archive(pack)?;
        let comment = args.comment.clone().unwrap_or_else(|| about(pack));
        let untrusted = Some("signature of a ruleeval pack");
        let signed = minisign::sign(Some(&public), &secret, &*bytes, Some(&comment), untrusted);
        let signed = signed.map_err(|error| failed(pack, &error.to_string()))?;
        let path = signature_path(pack);
        std::fs::write(&path, signed.into_string()).map_err(|error| failed(&path, &error.to_string()))?;
        print(&format!("{}\n", path.display()));
    }
    Ok(())
}

/// A secret key without a password: its derivation is "none". minisign writes no checksum into one.
fn unencrypted(text: &str) -> Option<Result<SecretKey, minisign::PError>> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    (bytes.get(2..4) == Some(&[0, 0])).then(|| SecretKey::from_bytes(&bytes))
}

/// What is signed: the archive, also of a folder.
fn archive(pack: &Path) -> Result<Vec<u8>, Exit> {
    if is_archive(pack) {
        let bytes = std::fs::read(pack).map_err(|error| failed(pack, &error.to_string()))?;
        let archive = Archive::read(bytes.into()).map_err(|reason| failed(pack, &reason))?;
        return Ok(archive.bytes().to_vec());
    }
    if !pack.join("pack.yaml").is_file() {
        return Err(failed(pack, "neither an archive nor a folder with a pack.yaml"));
    }
    let contents = contents(pack).map_err(|error| failed(pack, &error.to_string()))?;
    Archive::build(&contents.files).map_err(|reason| failed(pack, &reason))
}

fn about(pack: &Path) -> String {
    let (loaded, _) = Pack::load(pack, &mut SourceMap::default());
    format!("{} {} sha256:{}", loaded.manifest.name, loaded.manifest.version, loaded.digest.whole)
}

/// Runs `pack verify`.
pub(super) fn verify(args: &PacksArgs) -> Result<(), Exit> {
    let config = config(&args.config)?;
    if !config.trust().has_keys() {
        complain("no key is trusted: give --trusted-key, or `trusted_pack_keys` in the configuration");
        return Err(Exit::Usage);
    }
    let trust = config.trust().clone().required();
    let mut refused = 0;
    for path in &args.packs {
        let loading = Loading { trust: trust.clone() };
        let (pack, diagnostics) = Pack::load_with(path, &loading, &mut SourceMap::default());
        match &pack.signed {
            Some((key, comment)) => {
                let name = &pack.manifest.name;
                print(&format!("{}: {name} {} signed by {key} ({comment})\n", path.display(), pack.manifest.version));
            }
            None => {
                refused += 1;
                let why = diagnostics.first().map(|found| format!("{} {}", found.code, found.message));
                complain(&format!("{}: {}", path.display(), why.unwrap_or_else(|| "not signed".into())));
            }
        }
    }
    if refused == 0 { Ok(()) } else { Err(Exit::InvalidRules) }
}
