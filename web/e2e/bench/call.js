// What a recording does to a live call on the same uplink: the call without upload, beside one that does not care, and beside one
// that yields. In each round all three, one after the other.
//
//   node bench/call.js [--rounds 3] [--write]      (root: it makes network namespaces)

import { summary } from "../lib/call.js";
import { inHome } from "../lib/home.js";
import { quantile, write } from "../lib/results.js";

const at = process.argv.indexOf("--rounds");
const rounds = at < 0 ? 3 : Number(process.argv[at + 1]);
const SECONDS = 75;
/** The call's own rate control needs so many seconds to find its rate. */
const SETTLED = 8;
const LINES = [3_000_000, 20_000_000];
const WAYS = { alone: "no upload", careless: "parts as soon as they are full", yielding: "`yieldTo`" };

const measured = new Map();
for (let round = 0; round < rounds; round += 1) {
  for (const line of LINES) {
    for (const way of Object.keys(WAYS)) {
      const found = summary(inHome("called.js", way, String(line), String(SECONDS)).samples.slice(SETTLED));
      process.stderr.write(`${line / 1e6} Mbit/s, ${way}: ${JSON.stringify(found)}\n`);
      const key = `${line} ${way}`;
      measured.set(key, [...(measured.get(key) ?? []), found]);
    }
  }
}

const rows = LINES.flatMap((line) => Object.entries(WAYS).map(([way, name]) => {
  const of = (value) => quantile(measured.get(`${line} ${way}`).map(value), 0.5);
  const figures = [of(({ bitsPerS }) => bitsPerS / 1_000).toFixed(0), (of(({ lost }) => lost) * 100).toFixed(2),
    of(({ jitterMs }) => jitterMs).toFixed(0), of(({ bufferMs }) => bufferMs).toFixed(0), of(({ uploaded }) => uploaded / 2 ** 20).toFixed(1)];
  return `| ${line / 1e6} Mbit/s | ${name} | ${figures.join(" | ")} |`;
}));
const table = ["| uplink | upload | call, kb/s | packets lost, % | jitter, ms | wait before shown, ms | uploaded meanwhile, MiB |",
  "| --- | --- | ---: | ---: | ---: | ---: | ---: |", ...rows].join("\n");
process.stdout.write(`${table}\n`);
if (process.argv.includes("--write")) write("call", "web/e2e/bench/call.js", table);
