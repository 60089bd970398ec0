// The real binary with its embedded store behind two proxies, and the platform's side of its API.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Proxy } from "./proxy.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const BINARY = process.env.HANDIN_TEST_BINARY ?? join(root, "target/debug/handin");

/** Servers that still run. A test file that is ended from outside must not leave them behind. */
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
process.once("SIGTERM", () => process.exit(143));

/** A server, its store, and what stands between them and the browser. */
export class Server {
  /** @param {Record<string, string>} settings environment of the server */
  static async start(settings = {}) {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), "handin-e2e-"));
    server.api = await Proxy.listen();
    server.store = await Proxy.listen();
    server.settings = { HANDIN_SERVER_PUBLIC_URL: server.api.url, S3_PUBLIC_ENDPOINT: server.store.url, ...settings };
    await server.run().catch(async (error) => {
      await server.close();
      throw error;
    });
    return server;
  }

  /** Starts the process; after `kill` it goes on with the same folder. */
  async run() {
    const args = ["serve", "--json", "--data", this.folder, "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0"];
    this.child = spawn(BINARY, args, { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...this.settings } });
    const { child } = this;
    running.add(child);
    this.gone = new Promise((resolve) => child.once("exit", resolve).once("error", resolve)).then(() => running.delete(child));
    for await (const line of createInterface({ input: this.child.stdout })) {
      this.ready = JSON.parse(line);
      break;
    }
    assert.ok(this.ready, "the server did not start");
    this.api.target = this.ready.api;
    this.store.target = this.ready.store;
  }

  /** Ends the process with a signal. */
  async kill(signal = "SIGKILL") {
    this.child.kill(signal);
    await this.gone;
  }

  async stop() {
    await this.kill("SIGTERM");
    await this.close();
  }

  async close() {
    await Promise.all([this.api.close(), this.store.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One call of the platform, past the proxies. */
  async platform(method, path, body) {
    const response = await fetch(this.ready.api + path, {
      method,
      headers: { authorization: `Bearer ${this.ready.api_key}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Lets a candidate into an exam of one subject, which is created if need be. */
  async invite(exam, candidate, settings = {}) {
    await this.platform("POST", "/v1/exams", { id: exam, title: "Spring recruitment", subjects: [{ id: "coding" }], ...settings });
    return this.platform("POST", `/v1/exams/${exam}/tokens`, { candidate, subject: "coding" });
  }

  /** The exam's recordings, oldest first. */
  async recordings(exam) {
    const { items } = await this.platform("GET", `/v1/exams/${exam}/recordings`);
    return items.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The bytes of a finished recording, straight from the store. */
  async download(id) {
    const { url } = await this.platform("POST", `/v1/recordings/${id}/link`, {});
    const direct = new URL(url);
    const response = await fetch(direct);
    assert.equal(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  }
}
