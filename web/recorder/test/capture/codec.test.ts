import { describe, expect, it } from "vitest";

import { choose, contentTypes, engineOf } from "../../src/capture/codec.js";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const EDGE = `${CHROME} Edg/156.0.0.0`;
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15";
const IOS_CHROME = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0.0.0 Mobile/15E148 Safari/604.1";

/** What each browser's recorder says it can do. */
const supported = (...types: readonly string[]) => (type: string): boolean => types.some((one) => type.startsWith(one));
const chromium = supported("video/webm;codecs=vp9", "video/webm;codecs=av1", "video/webm;codecs=vp8", "video/webm;codecs=h264", "video/mp4");
const firefox = supported("video/webm;codecs=vp8");
const oldSafari = supported("video/mp4");

describe("the content type", () => {
  it("comes from the engine, whatever the browser calls itself", () => {
    expect([CHROME, EDGE, FIREFOX, SAFARI, IOS_CHROME].map(engineOf)).toEqual(["chromium", "chromium", "firefox", "webkit", "webkit"]);
  });

  it("is the best that the browser can record", () => {
    expect(choose(contentTypes("chromium", "normal", true), chromium)).toBe("video/webm;codecs=vp9,opus");
    expect(choose(contentTypes("chromium", "normal", false), chromium)).toBe("video/webm;codecs=vp9");
    expect(choose(contentTypes("chromium", "light", true), chromium)).toBe("video/webm;codecs=h264,opus");
    expect(choose(contentTypes("firefox", "normal", true), firefox)).toBe("video/webm;codecs=vp8,opus");
    expect(choose(contentTypes("webkit", "normal", true), oldSafari)).toBe("video/mp4;codecs=avc1.42E01E,mp4a.40.2");
    expect(choose(contentTypes("webkit", "normal", true), () => false)).toBeNull();
  });

  it("is VP8 on Chromium only when there is nothing else", () => {
    const types = contentTypes("chromium", "normal", true);
    const webm = types.filter((type) => type.startsWith("video/webm;"));
    expect(webm.at(-1)).toBe("video/webm;codecs=vp8,opus");
  });
});
