// Where measurements are written down: a table between two marks of docs/benchmarks.md, with the day and the machine.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));

/** The value below which this share of the values lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Puts a table between the marks of this name. */
export function write(name, script, table) {
  const [begin, end] = [`<!-- ${name}: begin, written by ${script} -->`, `<!-- ${name}: end -->`];
  const old = readFileSync(file, "utf8");
  if (!old.includes(begin) || !old.includes(end)) throw new Error(`docs/benchmarks.md has no place for ${name}`);
  const [head, rest] = [old.slice(0, old.indexOf(begin)), old.slice(old.indexOf(end))];
  writeFileSync(file, `${head}${begin}\n${table}\n\n${stamp()}\n${rest}`);
}

function stamp() {
  const day = new Date().toISOString().slice(0, 16).replace("T", " ");
  return `*${day} UTC; ${cpus().length} cores (${cpus()[0].model.trim()}); load average at the end ${loadavg()[0].toFixed(1)}.*`;
}
