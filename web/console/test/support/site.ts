/** Serves a folder of built files on a free port, with the headers of the real server: what its policy forbids fails here too. */

import { createReadStream, existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The policy as the server's source says it, so that the two cannot drift apart. */
function policy(): string {
  const source = readFileSync(fileURLToPath(new URL("../../../../crates/handin/src/http/pages.rs", import.meta.url)), "utf8");
  const found = /const POLICY: &str = "((?:[^"\\]|\\\n\s*)*)";/.exec(source)?.[1];
  if (!found) throw new Error("pages.rs names no POLICY");
  return found.replace(/\\\n\s*/g, "");
}

/** A running site and how to stop it. */
export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts to serve `folder`; `/` is its `index.html`. */
export async function serve(folder: string): Promise<Site> {
  const headers = { "content-security-policy": policy(), "x-content-type-options": "nosniff" };
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://site");
    const file = join(folder, pathname === "/" ? "index.html" : pathname);
    if (!file.startsWith(folder) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
