//! The measure of every store: the same bytes written to files by many threads, each file made durable and then renamed
//! into place, with nothing around it: no HTTP, no checksum, no protocol.
//!
//! `bench-writer FOLDER FILES BYTES THREADS` prints one JSON object: seconds on the wall and of CPU.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// Bytes handed to the kernel at once, as a server that reads from a socket would.
const CHUNK: usize = 256 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, files, bytes, threads] = arguments.as_slice() else {
        return Err("give folder, files, bytes and threads".into());
    };
    let (folder, files, bytes) = (Path::new(folder), files.parse::<usize>()?, bytes.parse::<usize>()?);
    let begin = Instant::now();
    write_all(folder, files, bytes, threads.parse()?)?;
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = Duration::new(cpu.tv_sec.try_into()?, cpu.tv_nsec.try_into()?);
    println!("{}", json!({ "seconds": begin.elapsed().as_secs_f64(), "cpu_s": cpu.as_secs_f64() }));
    Ok(())
}

fn write_all(folder: &Path, files: usize, bytes: usize, threads: usize) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<()> {
        let chunk = vec![0x5a; CHUNK];
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= files {
                return Ok(());
            }
            write_one(folder, number, bytes, &chunk)?;
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a writer does not panic"))
    })
}

fn write_one(folder: &Path, number: usize, bytes: usize, chunk: &[u8]) -> io::Result<()> {
    let (draft, place) = (folder.join(format!("{number}.draft")), folder.join(number.to_string()));
    let mut file = File::create(&draft)?;
    let mut left = bytes;
    while left > 0 {
        let now = left.min(chunk.len());
        file.write_all(&chunk[..now])?;
        left -= now;
    }
    file.sync_data()?;
    fs::rename(draft, place)?;
    // The name is durable only when the folder is.
    File::open(folder)?.sync_all()
}
