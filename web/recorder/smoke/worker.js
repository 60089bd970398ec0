// Stands for the recorder's worker: keeps in memory what the page says and answers as if it had been sent. For smoke.js.

const takes = new Map();

const said = [];

addEventListener("message", ({ data: message }) => {
  if (message.kind !== "report") said.push(message.kind === "chunk" ? { ...message, bytes: message.bytes.byteLength } : message);
  answer(message);
});

function answer(message) {
  if (message.kind === "hello") postMessage({ kind: "ready", takes: [] });
  if (message.kind === "begin") begin(message);
  if (message.kind === "chunk") chunk(message);
  if (message.kind === "end") change(message.local, { status: "sealed", receipt: `receipt of ${message.local}`, atRiskMs: 0 });
  if (message.kind === "room") postMessage(message);
  if (message.kind === "report") message.port.postMessage({ kind: "report", said, files: [...takes.values()].map(({ state, parts }) => ({ state, blob: new Blob(parts) })) });
}

function begin({ local, track, startedAt }) {
  const state = {
    local, track, take: takes.size + 1, recording: `recording-${takes.size + 1}`, status: "recording", startedAt,
    recordedMs: 0, recordedBytes: 0, storedBytes: 0, atRiskMs: 0, gaps: [], receipt: null, problem: null,
  };
  takes.set(local, { state, parts: [] });
  change(local, {});
}

function chunk({ local, bytes, recordedMs }) {
  const take = takes.get(local);
  take.parts.push(bytes);
  const recordedBytes = take.state.recordedBytes + bytes.byteLength;
  postMessage({ kind: "durable", local, recordedMs, recordedBytes });
  change(local, { recordedMs, recordedBytes });
}

function change(local, news) {
  const take = takes.get(local);
  take.state = { ...take.state, ...news };
  postMessage({ kind: "uploads", takes: [...takes.values()].map(({ state }) => state), heldBy: "nothing", bytesPerS: 1e6, remainingMs: 0 });
}
