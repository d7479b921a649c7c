//! Archives of packs that compile and whose tests pass.

use super::{BuildArgs, PacksArgs, config, failed};
use crate::Exit;
use crate::output::{complain, print, show};
use ruleeval::engine::Engine;
use ruleeval::pack::{ARCHIVE_EXTENSION, Archive, contents, digest};
use std::path::{Path, PathBuf};

/// Runs `pack check`: diagnostics and tests of packs that are loaded together.
pub(super) fn check(args: &PacksArgs) -> Result<(), Exit> {
    let compiled = config(&args.config)?.compile(&args.packs, crate::commands::clock(&args.config)?);
    show(&compiled.diagnostics, &compiled.sources);
    let Some(engine) = compiled.engine else {
        complain("nothing was loaded");
        return Err(Exit::InvalidRules);
    };
    let failures = failures(&engine);
    print(&failures.concat());
    let tests = engine.tests().len();
    complain(&format!("{} rule(s), {tests} test(s), {} failed", engine.rules().len(), failures.len()));
    if failures.is_empty() { Ok(()) } else { Err(Exit::Findings) }
}

fn failures(engine: &Engine) -> Vec<String> {
    let report = engine.test();
    report.failures.iter().map(|failure| format!("{} {}: {}\n", failure.at, failure.rule, failure.message)).collect()
}

/// Runs `pack build`.
pub(super) fn run(args: &BuildArgs) -> Result<(), Exit> {
    let pack = &args.pack;
    if !pack.join("pack.yaml").is_file() {
        return Err(failed(pack, "no folder with a pack.yaml"));
    }
    let (engine, _) = crate::commands::setup(&args.config, std::slice::from_ref(pack))?;
    let failures = failures(&engine);
    if !failures.is_empty() {
        print(&failures.concat());
        complain(&format!("{} test(s) failed; nothing was built", failures.len()));
        return Err(Exit::Findings);
    }
    let Some(info) = engine.packs().last() else { return Err(failed(pack, "holds no pack")) };
    if info.version.is_empty() {
        return Err(failed(&pack.join("pack.yaml"), "a pack that is built needs a `version`"));
    }
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}-{}.{ARCHIVE_EXTENSION}", info.name, info.version)));
    write(pack, &output)?;
    let built = digest(&output).map_err(|error| failed(&output, &error.to_string()))?;
    // The folder may have changed while it was read.
    if built.whole != info.digest {
        return Err(failed(pack, "changed while it was built"));
    }
    print(&format!("{}\nsha256:{}\n", output.display(), built.whole));
    Ok(())
}

fn write(pack: &Path, output: &Path) -> Result<(), Exit> {
    let contents = contents(pack).map_err(|error| failed(pack, &error.to_string()))?;
    for path in &contents.left_out {
        complain(&format!("{}: left out: it belongs to no pack", pack.join(path).display()));
    }
    let bytes = Archive::build(&contents.files).map_err(|reason| failed(pack, &reason))?;
    std::fs::write(output, bytes).map_err(|error| failed(output, &error.to_string()))
}
