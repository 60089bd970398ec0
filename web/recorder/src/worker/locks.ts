/**
 * Who may record a sitting, and who may send it. Web Locks end with their holder, however it ends.
 *
 * One tab records (`page`), and a second one is told. One scope sends (`send`): the recording tab's worker, which takes
 * the lock from whoever has it, or, when no tab is there, the service worker, which waits for it.
 */

/** Names of the two locks of a sitting. */
export function lockNames(place: string): { readonly page: string; readonly send: string } {
  return { page: `handin/${place}/page`, send: `handin/${place}/send` };
}

/**
 * Waits for a lock, then holds it until the answer is called.
 * @param lost is called when it is held no longer: released, or taken away
 * @throws when `signal` ends the wait
 */
export function hold(
  name: string,
  options: { readonly steal?: true; readonly signal?: AbortSignal } = {},
  lost: () => void = () => undefined,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, options, () => new Promise<void>((release) => resolve(release)));
    // Taken away by another one it rejects, long after this promise was resolved.
    held.then(lost, (error: unknown) => {
      reject(error);
      lost();
    });
  });
}
