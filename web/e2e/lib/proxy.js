// Stands between the browser and a server and misbehaves on request: answers for it, cuts it off, swallows it.
//
// A rule is `{ matches(request), action, times }`; the first that matches and is not used up decides. Without one the request
// passes as it is.

import { Agent, createServer, request as send } from "node:http";

/** A proxy of one server. */
export class Proxy {
  /** Every request in the order it came: `{ method, path, part, status }`. */
  seen = [];
  /** Bytes of all request bodies that came in. */
  bytes = 0;
  #rules = [];
  #server;
  #agent = new Agent({ keepAlive: true });
  #held = new Set();

  /** Listens on a free port of loopback; set `target` before the first request. */
  static async listen() {
    const proxy = new Proxy();
    proxy.#server = createServer((incoming, outgoing) => proxy.#handle(incoming, outgoing));
    await new Promise((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    proxy.url = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  /** Adds a rule; gives it back so that `times` can be watched. */
  script(matches, action, times = Number.POSITIVE_INFINITY) {
    const rule = { matches, action, times };
    this.#rules.push(rule);
    return rule;
  }

  /** Forgets all rules and cuts off what was swallowed. */
  heal() {
    this.#rules = [];
    for (const socket of this.#held) socket.destroy();
    this.#held.clear();
  }

  async close() {
    this.heal();
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(incoming, outgoing) {
    const url = new URL(incoming.url, "http://proxy");
    const part = Number(url.searchParams.get("partNumber")) || undefined;
    const entry = { method: incoming.method, path: url.pathname, part, status: undefined, at: performance.now() };
    this.seen.push(entry);
    outgoing.once("finish", () => { entry.status = outgoing.statusCode; });
    incoming.on("error", () => {});
    incoming.on("data", (bytes) => { this.bytes += bytes.length; });
    incoming.pause();
    const rule = this.#rules.find(({ matches, times }) => times > 0 && matches(entry));
    if (!rule) return this.#pass(incoming, outgoing);
    rule.times -= 1;
    return rule.action({ incoming, outgoing, pass: () => this.#pass(incoming, outgoing), hold: () => this.#hold(incoming) });
  }

  #hold(incoming) {
    this.#held.add(incoming.socket);
    incoming.resume();
  }

  #pass(incoming, outgoing) {
    const { hostname, port } = new URL(this.target);
    const { method, url: path, headers } = incoming;
    const onward = send({ hostname, port, method, path, headers, agent: this.#agent }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.once("aborted", () => onward.destroy());
    incoming.pipe(onward);
  }
}

/** The request is for a part: this one, or any. */
export const part = (number) => (seen) => seen.method === "PUT" && seen.part !== undefined && (!number || seen.part === number);
/** The request's path ends so. */
export const route = (suffix) => (seen) => seen.method !== "OPTIONS" && seen.path.endsWith(suffix);

const CORS = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };

/** Answers for the server, once the request was read. */
export const answer = (status, body = "", headers = {}) => ({ incoming, outgoing }) => {
  incoming.resume().once("end", () => outgoing.writeHead(status, { ...CORS, ...headers }).end(body));
};
/** Cuts the connection in the middle. */
export const reset = ({ incoming }) => incoming.socket.resetAndDestroy();
/** Takes the request and never answers. */
export const swallow = ({ hold }) => hold();
/** Answers without any CORS header, as a store without rules does. */
export const withoutCors = ({ incoming, outgoing }) => incoming.resume().once("end", () => outgoing.writeHead(200).end());
