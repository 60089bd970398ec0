// Runs inside a home: one candidate records and calls a second page through the shaped uplink. Prints, second by second, what
// the call was like on the other side and what the recording sent; at the end the call is over and everything is handed in.
//
//   node lib/called.js WAY BITS_PER_S SECONDS [HELD]
//
// WAY is `alone` (the server signs nothing meanwhile, so no part leaves), `careless` (parts leave as soon as they are full) or
// `yielding`; in the first HELD seconds nothing is signed whatever the way.

import assert from "node:assert/strict";
import { setTimeout as passed } from "node:timers/promises";

import { shape } from "./home.js";
import { answer, route } from "./proxy.js";
import { Scene } from "./scene.js";

const [way, ...numbers] = process.argv.slice(2);
assert.ok(["alone", "careless", "yielding"].includes(way), way);
const [bitsPerS, seconds, held = way === "alone" ? Infinity : 0] = numbers.map(Number);
/** Both pages are on this machine: they call each other over its loopback address. */
const FLAGS = ["--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"];
/** As a live call of an exam has it; see the planner's reference. */
const CALL_BITS_PER_S = 800_000;
/** So much that a part is full after some fifteen seconds. */
const WEBCAM_BITS_PER_S = 3_000_000;

const make = `
  globalThis.call = new RTCPeerConnection();
  globalThis.found = [];
  call.onicecandidate = ({ candidate }) => candidate && found.push(candidate.toJSON());`;

async function connect(page, other) {
  await page.evaluate(`(async () => {${make}
    for (const track of recorder.stream("webcam").getTracks()) call.addTrack(track.clone());
    await call.setLocalDescription(await call.createOffer());
    for (const sender of call.getSenders().filter(({ track }) => track.kind === "video")) {
      const parameters = sender.getParameters();
      parameters.encodings[0].maxBitrate = ${CALL_BITS_PER_S};
      await sender.setParameters(parameters);
    }
    await new Promise((resolve) => (call.iceGatheringState === "complete" ? resolve() : (call.onicegatheringstatechange = () => call.iceGatheringState === "complete" && resolve())));
  })()`);
  const offer = await page.evaluate("call.localDescription.toJSON()");
  const answer = await other.evaluate(`(async () => {${make}
    await call.setRemoteDescription(${JSON.stringify(offer)});
    await call.setLocalDescription(await call.createAnswer());
    await new Promise((resolve) => (call.iceGatheringState === "complete" ? resolve() : (call.onicegatheringstatechange = () => call.iceGatheringState === "complete" && resolve())));
    return call.localDescription.toJSON();
  })()`);
  await page.evaluate(`call.setRemoteDescription(${JSON.stringify(answer)})`);
  await page.until(`call.connectionState === "connected"`);
}

const KEPT = ["packetsLost", "packetsReceived", "bytesReceived", "jitter", "jitterBufferDelay", "jitterBufferEmittedCount", "freezeCount"];

/** The picture as it arrived at the other side, so far. */
const heard = (other) => other.evaluate(`call.getStats().then((report) => {
  const video = [...report.values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
  return Object.fromEntries(${JSON.stringify(KEPT)}.map((name) => [name, video?.[name] ?? 0]));
})`);

async function sample(scene, other) {
  const { heldBy } = await scene.state();
  return { uploaded: scene.server.store.bytes, heldBy, ...(await heard(other)) };
}

const capture = { webcam: { video_bits_per_second: WEBCAM_BITS_PER_S, audio_bits_per_second: 32_000 } };
const scene = await Scene.start({ noisy: true, flags: FLAGS, exam: { capture } });
try {
  const other = await scene.browser.page(`${scene.site.origin}/other`);
  await scene.record();
  shape(new URL(scene.server.store.url).port, bitsPerS);
  await connect(scene.page, other);
  if (held > 0) scene.server.api.script(route("/sign"), answer(503, "", { "retry-after": "1" }));
  if (way === "yielding") await scene.page.evaluate("recorder.yieldTo(call)");
  const samples = [];
  for (let second = 0; second <= seconds; second += 1) {
    if (second === held) scene.server.api.heal();
    samples.push(await sample(scene, other));
    await passed(1_000);
  }
  await scene.page.evaluate("call.close()");
  shape(null, bitsPerS);
  scene.server.api.heal();
  await scene.stop();
  const objects = await scene.proved();
  process.stdout.write(`${JSON.stringify({ samples, sealed: objects.map(({ track, take }) => `${track} ${take}`) })}\n`);
} finally {
  await scene.end();
}
