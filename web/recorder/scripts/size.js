// Bundles the package as a page would and holds what it weighs, gzipped, against the budget. Exit 1: something is too heavy.
//
//   npm run build && node scripts/size.js

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "vite";

const KIB = 1024;

/**
 * Bytes gzipped, by what a page loads: the entry with all it imports at once; what is loaded later, when it is needed.
 * Raising one is a decision: say in the commit what it buys.
 */
const BUDGET = {
  "index.js": 12 * KIB,
  "index.js, only when rehearsing": 7 * KIB,
  "element.js": 17 * KIB,
  "worker.js": 17 * KIB,
  "service-worker.js": 14 * KIB,
};

const built = (path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

/** What one entry loads at once, and what it loads later; a worker is an entry of its own. */
async function weigh(path) {
  const { output } = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2022",
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: built(path), preserveEntrySignatures: "strict" },
    },
  });
  const chunks = new Map(output.filter(({ type }) => type === "chunk").map((chunk) => [chunk.fileName, chunk]));
  const entry = [...chunks.values()].find(({ isEntry }) => isEntry);
  const atOnce = reach([entry.fileName], chunks, ({ imports }) => imports);
  const inAll = reach([entry.fileName], chunks, ({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  const later = [...inAll].filter((name) => !atOnce.has(name));
  const weight = (names) => gzipSync([...names].map((name) => chunks.get(name).code).join("\n"), { level: 9 }).length;
  return { atOnce: weight(atOnce), later: later.length > 0 ? weight(later) : 0 };
}

function reach(from, chunks, next) {
  const reached = new Set(from);
  for (const name of reached) for (const other of next(chunks.get(name))) if (chunks.has(other)) reached.add(other);
  return reached;
}

const index = await weigh("index.js");
const weights = {
  "index.js": index.atOnce,
  "index.js, only when rehearsing": index.later,
  "element.js": (await weigh("element.js")).atOnce,
  "worker.js": (await weigh("worker/worker.js")).atOnce,
  "service-worker.js": (await weigh("service-worker/service-worker.js")).atOnce,
};

let isTooHeavy = false;
for (const [name, budget] of Object.entries(BUDGET)) {
  const weight = weights[name];
  const fits = weight > 0 && weight <= budget;
  isTooHeavy ||= !fits;
  console.log(`${fits ? "ok " : "BAD"} ${name}: ${(weight / KIB).toFixed(1)} KiB gzipped of ${budget / KIB}`);
}
process.exit(isTooHeavy ? 1 : 0);
