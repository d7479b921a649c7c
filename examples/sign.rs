//! Signs messages of the written corpus and writes them with their DNS to `tests/data/verify`:
//!
//! ```text
//! cargo run --features verify --example sign
//! ```
//!
//! The same keys, times and messages give the same bytes.

#[path = "../tests/support/sign.rs"]
mod sign;
#[path = "../tests/support/signed.rs"]
mod signed;

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in signed::files(project) {
        let path = project.join("tests/data/verify").join(path);
        fs::create_dir_all(path.parent().unwrap_or(project))?;
        fs::write(path, text)?;
    }
    Ok(())
}
