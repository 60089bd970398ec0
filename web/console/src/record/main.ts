/** The candidate's page: reads the token, makes the recorder, and shows the page. */

import { createRecorder } from "@handin/recorder";
import serviceWorkerUrl from "@handin/recorder/service-worker/service-worker.js?worker&url";
import { mount } from "svelte";

import { keepOf } from "./memory.js";
import Root from "./Root.svelte";
import { Session } from "./session.svelte.js";
import "./style.css";
import { placeOf, takeToken } from "./token.js";

const TICK_MS = 1000;

const tab = keepOf(() => sessionStorage);
const token = takeToken(placeOf(window, tab));
const session = token === null ? null : begin(token);
mount(Root, { target: document.querySelector("#app") ?? document.body, props: { session, keep: keepOf(() => localStorage) } });

function begin(token: string): Session {
  const recorder = createRecorder({ server: location.origin, token, serviceWorkerUrl });
  const session = new Session(recorder, { keep: tab, cameraGranted, reload: () => location.reload() });
  setInterval(() => session.tick(), TICK_MS);
  return session;
}

/** Firefox and Safari may not know the name; then the candidate is simply asked at the start. */
async function cameraGranted(): Promise<boolean> {
  const name = "camera" as PermissionName;
  return navigator.permissions.query({ name }).then(({ state }) => state === "granted", () => false);
}
