// A live call and a recording on one slow uplink: the call must not notice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { summary } from "../lib/call.js";
import { inHome, whyNoHome } from "../lib/home.js";

/** A poor home line, in bits per second: the call and both tracks just fit, a part in one burst does not. */
const LINE = 3_000_000;
/** The call's own rate control needs so many seconds to find its rate. */
const SETTLED = 8;
/** Until then, in seconds, nothing is uploaded, so that the call is heard without. */
const HELD = 25;

/** A busy machine may spoil one scene, as it takes the call's own time away; it does not spoil so many in a row. */
const TRIES = 3;

test("beside a call on a slow line a recording yields, and is handed in whole when the call is over", { skip: skip() }, (t) => {
  const spoilt = [];
  while (spoilt.length < TRIES) {
    const { samples, sealed } = inHome("called.js", "yielding", String(LINE), "60", String(HELD));
    // Whatever the machine was busy with, nothing is lost.
    assert.deepEqual(sealed.sort(), ["screen 1", "webcam 1"]);
    const harm = harmOf(samples, t);
    if (harm.length === 0) return;
    spoilt.push(harm);
  }
  assert.fail(`the call did not come first: ${JSON.stringify(spoilt)}`);
});

/** What the upload did to the call, or did not do itself; nothing when all is well. */
function harmOf(samples, t) {
  const beside = samples.slice(HELD);
  const [without, with_] = [summary(samples.slice(SETTLED, HELD)), summary(beside)];
  t.diagnostic(`without upload ${JSON.stringify(without)}`);
  t.diagnostic(`with upload ${JSON.stringify(with_)}`);
  const holds = {
    "something was uploaded while it had to wait": without.uploaded === 0,
    "no part was tried": with_.uploaded > 0,
    "nobody said what holds the upload": beside.some(({ heldBy }) => heldBy === "call"),
    "more packets are lost": with_.lost <= without.lost + 0.02,
    "packets come less evenly": with_.jitterMs <= 2 * without.jitterMs + 30,
    "the picture is worse": with_.bitsPerS >= 0.75 * without.bitsPerS,
  };
  return Object.keys(holds).filter((harm) => !holds[harm]);
}

/** Where everything must be tested, a machine that cannot is a failed test. */
function skip() {
  const why = whyNoHome();
  if (why !== null && process.env.HANDIN_TEST_ALL === "1") throw new Error(why);
  return why ?? false;
}
