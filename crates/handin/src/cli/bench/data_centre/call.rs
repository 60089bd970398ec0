//! The live call: packets of every candidate at a steady rate, numbered and stamped when they leave, counted where they
//! arrive. Both ends are processes of their own, one in each network.
//!
//! Both read the clock of the same machine, so a packet's delay is the difference of two readings.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cli::bench::units::bits;
use crate::cli::output;
use crate::clock::Clock;

/// Flags of the sending end.
#[derive(Debug, clap::Args)]
pub struct SourceArgs {
    /// Where the other end listens
    #[arg(long)]
    to: SocketAddr,
    /// How many calls
    #[arg(long)]
    calls: u32,
    /// Bits per second of each, packets' payload
    #[arg(long, value_parser = bits)]
    rate: u64,
}

/// Flags of the receiving end.
#[derive(Debug, clap::Args)]
pub struct SinkArgs {
    /// Where to listen
    #[arg(long)]
    listen: SocketAddr,
}

/// Packets by the unix second in which they were sent.
pub type Seconds = BTreeMap<i64, Second>;

/// What became of the packets of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// As the sending end counts.
    pub sent: u64,
    /// As the receiving end counts.
    pub received: u64,
    /// Of those, how many came too late to be played.
    pub late: u64,
    /// Sum over packets of how much longer or shorter each was under way than the one before it in its call, in ms.
    pub jitter_ms: f64,
}

/// The payload of a packet, in bytes: that of a video call's.
const PACKET: usize = 1_200;
/// What comes later than this nobody waits for (ITU-T G.114 calls up to 150 ms good for conversation).
const LATE: Duration = Duration::from_millis(150);
/// How often the sending end looks which packets are due.
const TICK: Duration = Duration::from_millis(1);

/// Sends until standard input ends, then prints what was sent as JSON.
///
/// # Errors
/// When there is no socket to be had.
pub async fn source(args: SourceArgs, clock: Clock) -> anyhow::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    socket.connect(args.to).await?;
    let mut seconds = Seconds::new();
    tokio::select! {
        never = send(&args, &socket, &clock, &mut seconds) => match never? {},
        () = stdin_ends() => {}
    }
    output::say_json(&seconds)
}

async fn send(
    args: &SourceArgs,
    socket: &UdpSocket,
    clock: &Clock,
    seconds: &mut Seconds,
) -> anyhow::Result<std::convert::Infallible> {
    let period = Duration::from_secs_f64(PACKET as f64 * 8.0 / args.rate as f64);
    let calls = u64::from(args.calls.max(1));
    let (start, mut packet, mut next) = (Instant::now(), [0; PACKET], 0u64);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // The calls take turns, evenly over the period of a packet.
        let due = (start.elapsed().as_secs_f64() / period.as_secs_f64() * calls as f64) as u64;
        while next < due {
            let (call, number, now) = (next % calls, next / calls, clock.now());
            packet[..8].copy_from_slice(&call.to_be_bytes());
            packet[8..16].copy_from_slice(&number.to_be_bytes());
            packet[16..24].copy_from_slice(&now.as_microsecond().to_be_bytes());
            // It waits for room on the own machine, with its stamp on: what is lost is lost on the way.
            let _ = socket.send(&packet).await;
            seconds.entry(now.as_second()).or_default().sent += 1;
            next += 1;
        }
    }
}

/// Counts until standard input ends, then prints what arrived as JSON.
///
/// # Errors
/// When the address is taken.
pub async fn sink(args: SinkArgs, clock: Clock) -> anyhow::Result<()> {
    let socket = UdpSocket::bind(args.listen).await.with_context(|| format!("{}", args.listen))?;
    output::say("ready")?;
    let mut arrivals = Arrivals::default();
    let mut packet = [0; PACKET];
    let mut ended = std::pin::pin!(stdin_ends());
    loop {
        tokio::select! {
            received = socket.recv(&mut packet) => {
                let now = clock.now().as_microsecond();
                if received? == PACKET {
                    arrivals.note(word(&packet, 0) as u64, word(&packet, 16), now);
                }
            }
            () = &mut ended => break,
        }
    }
    output::say_json(&arrivals.seconds)
}

/// What has arrived so far.
#[derive(Debug, Default)]
struct Arrivals {
    seconds: Seconds,
    /// How long the latest packet of each call was under way, in µs.
    latest: BTreeMap<u64, i64>,
}

impl Arrivals {
    /// Notes a packet of a call; times are unix microseconds.
    fn note(&mut self, call: u64, sent: i64, now: i64) {
        let delay = now - sent;
        let second = self.seconds.entry(sent.div_euclid(1_000_000)).or_default();
        second.received += 1;
        second.late += u64::from(delay > LATE.as_micros() as i64);
        if let Some(before) = self.latest.insert(call, delay) {
            second.jitter_ms += (delay - before).abs() as f64 / 1e3;
        }
    }
}

fn word(packet: &[u8], at: usize) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&packet[at..at + 8]);
    i64::from_be_bytes(bytes)
}

/// Whoever started us closes our standard input when it has seen enough, or is gone.
async fn stdin_ends() {
    let read = || std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
    // An input that cannot be read has ended, too.
    let _ = tokio::task::spawn_blocking(read).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_counted_by_when_they_were_sent() {
        let mut arrivals = Arrivals::default();
        arrivals.note(1, 5_000_000, 5_010_000);
        arrivals.note(2, 5_500_000, 5_510_000);
        arrivals.note(1, 5_999_999, 6_170_000);
        let second = Second { sent: 0, received: 3, late: 1, jitter_ms: 160.001 };
        assert_eq!(arrivals.seconds, BTreeMap::from([(5, second)]));
    }
}
