//! Makes `docs/vectors` anew: `cargo run -p mydata-seal --example vectors`.

mod make;

use std::fs;
use std::io;

fn main() -> io::Result<()> {
    let folder = make::folder();
    for (name, content) in make::all(&folder)? {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
        println!("{name}");
    }
    Ok(())
}
