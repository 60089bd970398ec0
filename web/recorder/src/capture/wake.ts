/** Keeps the screen awake while it records. Best effort: where the browser or the battery says no, the rest goes on. */

/** Holds a wake lock until the returned function is called; takes it again whenever the page becomes visible. */
export function stayAwake(browser: Navigator, page: Document): () => void {
  let held: WakeLockSentinel | null = null;
  let wanted = true;
  const hold = async (): Promise<void> => {
    // The browser lets go of the lock whenever the page is hidden, and grants none while it is.
    if (!browser.wakeLock || page.visibilityState !== "visible") return;
    const lock = await browser.wakeLock.request("screen").catch(() => null);
    if (wanted) held = lock;
    else await lock?.release();
  };
  const seen = (): void => void hold();
  page.addEventListener("visibilitychange", seen);
  void hold();
  return () => {
    wanted = false;
    page.removeEventListener("visibilitychange", seen);
    void held?.release();
  };
}
