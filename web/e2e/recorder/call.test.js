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

test("beside a call on a slow line a recording yields, and is handed in whole when the call is over", { skip: skip() }, (t) => {
  const { samples, sealed } = inHome("called.js", "yielding", String(LINE), "60", String(HELD));
  const [before, beside] = [samples.slice(SETTLED, HELD), samples.slice(HELD)];
  const [without, with_] = [summary(before), summary(beside)];
  t.diagnostic(`without upload ${JSON.stringify(without)}`);
  t.diagnostic(`with upload ${JSON.stringify(with_)}`);
  assert.equal(without.uploaded, 0);
  assert.ok(with_.uploaded > 0, "a part was tried");
  assert.ok(beside.some(({ heldBy }) => heldBy === "call"), "it is said what holds the upload");
  assert.ok(with_.lost <= without.lost + 0.02, "no more is lost");
  assert.ok(with_.jitterMs <= 2 * without.jitterMs + 30, "packets come as evenly");
  assert.ok(with_.bitsPerS >= 0.75 * without.bitsPerS, "the picture is as good");
  assert.deepEqual(sealed.sort(), ["screen 1", "webcam 1"]);
});

/** Where everything must be tested, a machine that cannot is a failed test. */
function skip() {
  const why = whyNoHome();
  if (why !== null && process.env.HANDIN_TEST_ALL === "1") throw new Error(why);
  return why ?? false;
}
