// The engine with a server and a store of a few lines: what exactly goes over the wire.

import { expect, test, vi } from "vitest";

import { ServerClient } from "../../src/server/client.js";
import { hex } from "../../src/spool/place.js";
import { Spool } from "../../src/spool/spool.js";
import { UploadEngine } from "../../src/upload/engine.js";
import { putByFetch } from "../../src/upload/put.js";
import { HandClock } from "../support/hand-clock.js";
import { MemoryDisk } from "../support/memory-disk.js";
import { beginning, manifest } from "../support/takes.js";

const LOCAL = "11111111-2222-4333-8444-555555555555";

interface Call {
  readonly what: string;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
}

/** A server and a store; `answers` replaces single answers, once each, by method and path. */
class Servers {
  readonly calls: Call[] = [];
  readonly objects: { headers: Record<string, string>; bytes: Uint8Array }[] = [];
  readonly answers = new Map<string, () => Response>();

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { pathname, host } = new URL(String(input));
    const headers = { ...(init.headers as Record<string, string>) };
    const what = `${init.method} ${pathname}`;
    const once = this.answers.get(what);
    this.answers.delete(what);
    if (host === "store.example") return once?.() ?? this.#put(headers, init.body as Blob);
    this.calls.push({ what, headers, body: JSON.parse(String(init.body ?? "{}")) as Record<string, unknown> });
    return once?.() ?? this.#answer(pathname);
  };

  called(what: string): Call[] {
    return this.calls.filter((call) => call.what === what);
  }

  async #put(headers: Record<string, string>, body: Blob): Promise<Response> {
    this.objects.push({ headers, bytes: new Uint8Array(await body.arrayBuffer()) });
    return new Response(null, { status: 200 });
  }

  #answer(path: string): Response {
    if (path === "/v1/recordings") {
      const opened = { id: "R", handle: "H", key: "k", take: 1, state: "open", part_size: 8, max_parts: 9, expires_at: "" };
      return Response.json(opened, { status: 201 });
    }
    if (path.endsWith("/seal")) return Response.json({ state: "sealed", receipt: "a.b.c" });
    const asked = this.calls.at(-1)?.body.parts as { number: number; sha256: string }[];
    const signed = ({ number, sha256 }: { number: number; sha256: string }) => ({
      number,
      url: `https://store.example/k?partNumber=${number}`,
      headers: { "x-amz-checksum-sha256": sha256 },
      expires_at: "",
    });
    return Response.json({ parts: asked.map(signed) });
  }
}

async function setUp(servers: Servers) {
  const clock = new HandClock();
  const disk = new MemoryDisk();
  const spool = await Spool.open(disk, "write");
  const engine = new UploadEngine({
    client: new ServerClient("https://exams.example/", "T", servers.fetch, clock),
    spool,
    put: putByFetch(servers.fetch),
    reportsProgress: false,
    finishHead: (head) => head.map((byte) => byte + 100),
    clock,
    random: () => 0.5,
    offsetMs: 0,
    changed: () => undefined,
  });
  await spool.begin(LOCAL, beginning(clock.now()));
  engine.tell({ kind: "take", record: spool.take(LOCAL), earlier: false });
  return { clock, disk, spool, engine };
}

type SetUp = Awaited<ReturnType<typeof setUp>>;

async function grow({ spool, engine }: SetUp, bytes: Uint8Array): Promise<void> {
  const offset = spool.take(LOCAL).bytes;
  await spool.append(LOCAL, { offset, bytes, points: [], durationMs: 950, recordedMs: 1_000 });
  engine.tell({ kind: "grown", local: LOCAL, bytes: offset + bytes.length, recordedMs: 1_000 });
}

async function end({ spool, engine }: SetUp): Promise<void> {
  await spool.write(LOCAL, { at: "ended", manifest });
  engine.tell({ kind: "ended", local: LOCAL, readable: true });
}

test("from the first byte to the receipt, with exactly what was signed", async () => {
  const servers = new Servers();
  const all = await setUp(servers);
  await grow(all, new Uint8Array(8).fill(1));
  await vi.waitUntil(() => servers.objects.length === 1);
  await grow(all, new Uint8Array(3).fill(2));
  await end(all);
  await vi.waitUntil(() => all.spool.take(LOCAL).outcome !== null);
  const [open] = servers.called("POST /v1/recordings");
  expect(open?.headers).toMatchObject({ authorization: "Bearer T", "idempotency-key": LOCAL });
  expect(open?.body).toMatchObject({ track: "webcam", upload: "stream", checksum: "sha256" });
  const digests = await Promise.all(
    servers.objects.map(async ({ bytes }) => hex(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)))),
  );
  expect(servers.objects.map(({ headers }) => headers)).toEqual(digests.map((sha256) => ({ "x-amz-checksum-sha256": sha256 })));
  const [seal] = servers.called("POST /v1/recordings/R/seal");
  expect(seal?.body).toMatchObject({ handle: "H", size: 11, duration_ms: 950, manifest });
  expect((seal?.body.parts as object[]).length).toBe(2);
  expect(all.spool.take(LOCAL).outcome).toMatchObject({ state: "sealed", recording: "R", receipt: "a.b.c" });
  await vi.waitUntil(() => all.disk.content.get(LOCAL)?.has("journal") === false);
  expect([...(all.disk.content.get(LOCAL)?.keys() ?? [])]).toEqual(["record"]);
});

test("a part 1 that waits for the end leaves with its finished head", async () => {
  const servers = new Servers();
  const all = await setUp(servers);
  await grow(all, new Uint8Array(5).fill(1));
  await end(all);
  await vi.waitUntil(() => all.spool.take(LOCAL).outcome !== null);
  expect(servers.objects.map(({ bytes }) => [...bytes])).toEqual([[101, 101, 101, 101, 101]]);
});

test("an expired URL is signed again", async () => {
  const servers = new Servers();
  const xml = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
  servers.answers.set("PUT /k", () => new Response(xml, { status: 403 }));
  const all = await setUp(servers);
  await grow(all, new Uint8Array(8));
  const signed = () => servers.called("POST /v1/recordings/R/sign").length;
  await vi.waitUntil(() => signed() === 1 && all.engine.machine.line.sends.length === 0);
  all.clock.turn(500);
  await vi.waitUntil(() => servers.objects.length === 1);
  expect(signed()).toBe(2);
});

test("a server that does not answer is given up, and asked again", async () => {
  const servers = new Servers();
  let opens = 0;
  const hanging: typeof fetch = (input, init) => {
    opens += 1;
    if (opens > 1) return servers.fetch(input, init);
    return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  };
  const clock = new HandClock();
  const client = new ServerClient("https://exams.example", "T", hanging, clock);
  const answer = client.open(LOCAL, "webcam", "video/webm", 0);
  clock.turn(60_000);
  expect(await answer).toMatchObject({ ok: false, failure: { status: 0, code: "unreachable" } });
  expect(await client.open(LOCAL, "webcam", "video/webm", 0)).toMatchObject({ ok: true });
});

test("problem documents are read; what a proxy says instead is one too", async () => {
  const clock = new HandClock();
  const answers = [
    Response.json({ code: "parts_missing", detail: "no", parts: [3] }, { status: 409, headers: { "retry-after": "2" } }),
    new Response("<html>sign in to the hotel</html>", { status: 502 }),
  ];
  const client = new ServerClient("https://exams.example", "T", async () => answers.shift() ?? Response.error(), clock);
  expect(await client.show("R")).toMatchObject({
    failure: { status: 409, code: "parts_missing", parts: [3], retryAfterMs: 2_000 },
  });
  expect(await client.show("R")).toMatchObject({ failure: { status: 502, code: "unexpected_answer", parts: [] } });
});
