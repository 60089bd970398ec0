/** The candidate's token: taken out of the address as soon as it is read, and kept for this tab alone. */

const KEPT = "handin.token";

/** The parts of a browser that the token lives in; handed in so that tests can look on. */
export interface Place {
  readonly hash: string;
  /** The address without the token. */
  readonly bare: string;
  readonly storage: Pick<Storage, "getItem" | "setItem">;
  /** Replaces the address without loading anything. */
  replace(address: string): void;
}

/** The token of `#token=`, else the one that this tab kept before a reload; `null` when there is neither. */
export function takeToken(place: Place): string | null {
  const given = new URLSearchParams(place.hash.slice(1)).get("token");
  if (!given) return place.storage.getItem(KEPT);
  place.storage.setItem(KEPT, given);
  place.replace(place.bare);
  return given;
}

/** The window as a place, with this tab's memory. */
export function placeOf({ location, history }: Window, storage: Place["storage"]): Place {
  return {
    hash: location.hash,
    bare: location.pathname + location.search,
    storage,
    replace: (address) => history.replaceState(null, "", address),
  };
}
