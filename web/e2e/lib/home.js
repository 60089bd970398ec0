// A candidate's home: one uplink that the recording and a live call share, shaped by the kernel.
//
// The whole scene runs in a network namespace of its own, on that namespace's loopback address, so nothing outside is touched
// and everything is gone when the scene ends. What goes to the store and every packet of a call pass one first-in-first-out
// queue, as in a plain home router; the API and the debugger have a line of their own.

import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A plain router holds back about so much before it drops, in milliseconds. */
const QUEUE_MS = 150;

/** Whether this machine lets us make a network namespace; else why not. */
export function whyNoHome() {
  const { status, stderr, error } = spawnSync("unshare", ["--net", "true"], { encoding: "utf8" });
  if (error) return "unshare (util-linux) is missing";
  return status === 0 ? null : `no network namespace can be made here: ${stderr.trim()}`;
}

/** Packets as a network has them: not the 64 KiB that loopback would pass in one piece. */
const BRING_UP = "ip link set lo up mtu 1500 gso_max_segs 1 gso_max_size 1500";

/** Runs a script of this folder in a home, and gives the JSON that it prints last. */
export function inHome(script, ...args) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const command = `${BRING_UP} && exec "$@"`;
  const { status, stdout, signal } = spawnSync("unshare", ["--net", "sh", "-c", command, "sh", process.execPath, file, ...args], {
    encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26, timeout: 600_000,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status ?? signal}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1));
}

/** Runs the script that calls this in a home, and ends with it; in the home it returns. The line there is open, like loopback's. */
export function goHome() {
  if (process.env.HANDIN_AT_HOME) return;
  const why = whyNoHome();
  if (why !== null) throw new Error(why);
  const command = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", process.execPath, ...process.argv.slice(1)];
  const { status } = spawnSync("unshare", command, { stdio: "inherit", env: { ...process.env, HANDIN_AT_HOME: "1" } });
  process.exit(status ?? 1);
}

/** Has packets be as small as a network's, or as large as loopback's. */
export function packets(small) {
  const size = small ? ["1500", "gso_max_segs", "1", "gso_max_size", "1500"] : ["65536", "gso_max_segs", "65535", "gso_max_size", "65536"];
  execFileSync("ip", ["link", "set", "lo", "mtu", ...size]);
}

const tc = (...args) => execFileSync("tc", args, { stdio: ["ignore", "ignore", "inherit"] });

/**
 * Shapes the uplink: TCP to this port and all of UDP leave at so many bits per second. Call it inside a home.
 * @param {number | string | null} storePort `null` opens the line again
 */
export function shape(storePort, bitsPerS) {
  if (storePort === null) return tc("qdisc", "del", "dev", "lo", "root");
  const queue = Math.round((bitsPerS / 8 / 1_000) * QUEUE_MS);
  tc("qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb", "default", "1");
  tc("class", "add", "dev", "lo", "parent", "1:", "classid", "1:1", "htb", "rate", "10gbit", "quantum", "60000");
  tc("class", "add", "dev", "lo", "parent", "1:", "classid", "1:2", "htb", "rate", `${bitsPerS}bit`, "burst", "3000", "cburst", "3000", "quantum", "1500");
  tc("qdisc", "add", "dev", "lo", "parent", "1:2", "bfifo", "limit", String(queue));
  const uplink = (...match) => tc("filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "u32", "match", "ip", ...match, "flowid", "1:2");
  uplink("dport", String(storePort), "0xffff");
  uplink("protocol", "17", "0xff");
}
