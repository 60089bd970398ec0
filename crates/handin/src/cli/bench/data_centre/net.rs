//! The network of the experiment: four namespaces of this machine's kernel, a router with shaped links between them.
//!
//! ```text
//!   candidates ---- router ==== data centre      (the data-centre link, shaped both ways)
//!                      \
//!                       \====== store            (the storage link, shaped both ways)
//! ```
//!
//! Addresses are seen inside the namespaces only, so they clash with nothing outside. Everything vanishes with [`Net`].

use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;

/// Where the data centre is reached by the others.
pub const DATA_CENTRE: &str = "10.213.2.2";
/// Where the store is.
pub const STORE: &str = "10.213.3.2";
/// The longest time that a packet may stand in the queue of a shaped link before it is dropped, in milliseconds: that
/// of a router with a modest buffer.
const QUEUE_MS: u32 = 100;

/// A namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where everybody sits.
    Candidates,
    /// Between all others.
    Router,
    /// Live call, API and, in the old way, the proxy.
    DataCentre,
    /// The object store.
    Store,
}

/// All of it.
pub struct Net {
    names: [String; 4],
}

/// Bytes that have passed the data-centre link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Into the data centre.
    pub inward: u64,
    /// Out of it.
    pub outward: u64,
}

impl Net {
    /// Makes the namespaces and links; `word` tells them from those of others, rates are bits per second.
    ///
    /// # Errors
    /// When the right or a program is missing; says which.
    pub fn build(word: &str, data_centre: u64, storage: u64) -> anyhow::Result<Net> {
        let names = ["c", "r", "d", "s"].map(|end| format!("handin-{word}-{end}"));
        // From here on everything that was made is taken down again, however far it came.
        let net = Net { names };
        for name in &net.names {
            ip(&["netns", "add", name]).context(
                "network namespaces cannot be made: this needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN) and `ip` and `tc` (Debian: apt install iproute2)",
            )?;
        }
        net.connect(Place::Candidates, "candidates", 1)?;
        net.connect(Place::DataCentre, "datacentre", 2)?;
        net.connect(Place::Store, "store", 3)?;
        net.run(Place::Router, "sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])?;
        net.shape(Place::DataCentre, "datacentre", data_centre)?;
        net.shape(Place::Store, "store", storage)?;
        Ok(net)
    }

    /// One link from the router, `10.213.N.1`, to a place, `10.213.N.2`.
    fn connect(&self, place: Place, link: &str, network: u8) -> anyhow::Result<()> {
        let (router, there) = (self.name(Place::Router), self.name(place));
        let (near, far) = (format!("10.213.{network}.1"), format!("10.213.{network}.2"));
        ip(&["-n", router, "link", "add", link, "type", "veth", "peer", "name", "uplink", "netns", there])?;
        for (name, device, address) in [(router, link, &near), (there, "uplink", &far)] {
            ip(&["-n", name, "address", "add", &format!("{address}/24"), "dev", device])?;
            ip(&["-n", name, "link", "set", device, "up"])?;
        }
        ip(&["-n", there, "link", "set", "lo", "up"])?;
        ip(&["-n", there, "route", "add", "default", "via", &near])
    }

    /// Shapes a link in both directions: a token bucket of 5 ms at its rate.
    fn shape(&self, place: Place, link: &str, rate: u64) -> anyhow::Result<()> {
        let (rate, burst) = (format!("{rate}bit"), (rate / 8 / 200).max(4_000).to_string());
        let queue = format!("{QUEUE_MS}ms");
        for (place, device) in [(Place::Router, link), (place, "uplink")] {
            let bucket = ["tbf", "rate", &rate, "burst", &burst, "latency", &queue];
            self.run(place, "tc", &[&["qdisc", "add", "dev", device, "root"], &bucket[..]].concat())?;
        }
        Ok(())
    }

    /// A command that will run at a place.
    pub fn command(&self, place: Place, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name(place), program]).stdin(Stdio::null());
        command
    }

    /// What has passed the data-centre link so far, as the router counts it.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn passed(&self) -> anyhow::Result<Passed> {
        let said = output(Command::new("ip").args([
            "-n",
            self.name(Place::Router),
            "-s",
            "-j",
            "link",
            "show",
            "datacentre",
        ]))?;
        let links: Value = serde_json::from_slice(&said.stdout).context("what `ip -j` said")?;
        let bytes = |way: &str| links.pointer(&format!("/0/stats64/{way}/bytes")).and_then(Value::as_u64);
        let (Some(inward), Some(outward)) = (bytes("tx"), bytes("rx")) else {
            bail!("`ip -s -j link` names no bytes")
        };
        Ok(Passed { inward, outward })
    }

    fn run(&self, place: Place, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        output(self.command(place, program).args(arguments)).map(drop)
    }

    fn name(&self, place: Place) -> &str {
        &self.names[place as usize]
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in &self.names {
            // One that was not made cannot be removed; its links go with it.
            let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
        }
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    output(Command::new("ip").args(arguments)).map(drop)
}

fn output(command: &mut Command) -> anyhow::Result<Output> {
    let said = command.output().with_context(|| format!("{:?} cannot be run", command.get_program()))?;
    match said.status.success() {
        true => Ok(said),
        false => bail!("{command:?}: {}", String::from_utf8_lossy(&said.stderr).trim()),
    }
}
