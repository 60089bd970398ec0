import { describe, expect, it } from "vitest";

import { diagnoseServer, diagnoseStore, type Answer, type StoreEvidence } from "../../src/rehearsal/diagnose.js";

const answer = (status: number, text = "", contentType = text ? "application/xml" : ""): Answer => ({ status, text, contentType });
const error = (code: string, message = ""): string => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
const seen = (change: Partial<StoreEvidence>): StoreEvidence => ({ put: answer(200), get: { ...answer(200), same: true }, reached: true, isMixed: false, online: true, ...change });
const LOGIN = "<!DOCTYPE html><html><body>Log in to the guest network</body></html>";

describe("the way to the server", () => {
  it.each([
    [{ online: true, code: null, reached: true }, "server_answers"],
    [{ online: true, code: "expired", reached: true }, "token_expired"],
    [{ online: true, code: "unauthenticated", reached: true }, "token_expired"],
    [{ online: false, code: "server_unreachable", reached: false }, "offline"],
    [{ online: true, code: "server_unreachable", reached: false }, "server_unreachable"],
    [{ online: true, code: "server_unreachable", reached: true }, "server_cors"],
    [{ online: true, code: "unavailable", reached: true }, "server_failed"],
  ])("%o is %s", (evidence, code) => {
    expect(diagnoseServer(evidence)).toBe(code);
  });
});

describe("the way to the store", () => {
  it.each<[string, Partial<StoreEvidence>, string]>([
    ["went and came back unchanged", {}, "store_works"],
    ["is blocked", { put: null, get: null, reached: false }, "store_blocked"],
    ["lacks the CORS rule", { put: null, get: null, reached: true }, "store_cors"],
    ["is without HTTPS under a page with it", { put: null, get: null, reached: false, isMixed: true }, "store_insecure"],
    ["went down with the line", { put: null, get: null, reached: false, online: false }, "offline"],
    ["was said to have worked, but nothing is there", { get: { ...answer(404, error("NoSuchKey")), same: false } }, "proxy_fakes_success"],
    ["came back as something else", { get: { ...answer(200), same: false } }, "proxy_fakes_success"],
    ["was answered by a log-in page", { put: answer(200, LOGIN, "text/html"), get: { ...answer(200, LOGIN, "text/html"), same: false } }, "proxy_answers"],
    ["was answered by a block page", { put: answer(403, LOGIN, "text/html"), get: null }, "proxy_answers"],
    ["wants a proxy's password", { put: answer(407), get: null }, "proxy_answers"],
    ["went, but cannot be read", { get: null }, "store_unread"],
    ["is skewed by the store's own word", { put: answer(403, error("RequestTimeTooSkewed")), get: null }, "store_clock"],
    ["had a fresh URL expired", { put: answer(403, error("AccessDenied", "Request has expired")), get: null }, "store_clock"],
    ["had its headers changed", { put: answer(403, error("SignatureDoesNotMatch")), get: null }, "store_refuses"],
    ["met an overloaded store", { put: answer(503, error("SlowDown")), get: null }, "store_refuses"],
  ])("%s", (_name, change, code) => {
    expect(diagnoseStore(seen(change))).toBe(code);
  });
});
