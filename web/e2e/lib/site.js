// A platform's own site, of another origin than handin: one page that embeds the recorder as the package ships it.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../../recorder/dist/", import.meta.url));
const TYPES = { ".js": "text/javascript", ".html": "text/html; charset=utf-8", ".map": "application/json" };

const PAGE = `<!doctype html><html lang="en"><title>Exam</title><body><button id="start">Start</button><script type="module">
import { createRecorder } from "/recorder/index.js";
const { server, token } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
window.recorder = createRecorder({
  server, token, serviceWorkerUrl: "/recorder/service-worker/service-worker.js",
});
window.history_ = [];
window.recorder.subscribe((state) => window.history_.push([performance.now(), state.phase]));
</script></body></html>`;
/** An empty page, for a second person. */
const OTHER = "<!doctype html><title>Call</title>";

/**
 * Starts the site on a free port of loopback.
 * @param {string} [script] a file whose script the page `/bench` runs
 */
export async function startSite(script) {
  const served = new Map([["/", PAGE], ["/other", OTHER]]);
  if (script) {
    served.set("/bench", '<!doctype html><script type="module" src="/bench.js"></script>');
    served.set("/bench.js", await readFile(script));
  }
  const server = createServer((request, response) => answer(served, request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    /** The page of a candidate. */
    page: (api, token) => `${origin}/#${new URLSearchParams({ server: api, token })}`,
    /** Adds a file. */
    serve: (path, bytes) => served.set(path, bytes),
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }),
  };
}

async function answer(served, request, response) {
  const path = normalize(new URL(request.url, "http://site").pathname);
  const body = served.get(path);
  if (body === undefined) return serveRecorder(path, response);
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? TYPES[".html"] }).end(body);
}

/** Answers with a file of the built recorder, which lies below `/recorder/`. */
export async function serveRecorder(path, response) {
  const body = await readFile(join(dist, path.replace(/^\/recorder\//, ""))).catch(() => null);
  if (body === null) return response.writeHead(404).end();
  // A service worker of a folder may look after the whole site only if the site says so.
  response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream", "service-worker-allowed": "/" }).end(body);
}
