/**
 * `<handin-recorder server token lang>`: the recorder with a plain face, for pages that want no code. Importing this
 * module defines it. Knows only the facade.
 */

import { STYLE } from "./element/style.js";
import { textsFor, type Texts } from "./element/texts.js";
import { view, type View } from "./element/view.js";
import { createRecorder, type Recorder, type RecorderOptions } from "./recorder.js";
import type { Check, RehearsalReport } from "./rehearsal/report.js";
import type { RecorderState } from "./types.js";

const SKELETON = `
  <div role="status"><h2 part="headline"></h2></div>
  <div part="lines"></div>
  <p part="alert" role="alert"></p>
  <ul part="tracks"></ul>
  <div class="actions" part="actions">
    <button type="button" data-do="start" hidden></button>
    <button type="button" data-do="rehearse" hidden></button>
    <button type="button" data-do="stop" hidden></button>
  </div>
  <ul part="checks" aria-live="polite"></ul>
  <ul part="receipts"></ul>
`;

/**
 * The element. Attributes: `server`, `token` (a new one is taken over), `lang` (`en` or `ko`; else the page's), `effort`,
 * `worker-url`, `service-worker-url`. Fires `statechange` with the state as `detail`. Its parts can be styled by name.
 *
 * @example
 * ```html
 * <script type="module" src="/node_modules/@handin/recorder/dist/element.js"></script>
 * <handin-recorder server="https://handin.example" token="eyJ…" lang="ko"></handin-recorder>
 * ```
 * @example
 * ```ts
 * const element = document.querySelector<HandinRecorderElement>("handin-recorder");
 * element?.addEventListener("statechange", () => console.log(element.recorder?.state.phase));
 * ```
 */
export class HandinRecorderElement extends HTMLElement {
  /** @internal */
  static readonly observedAttributes = ["server", "token", "lang"];

  #recorder: Recorder | null = null;
  #shown = "";
  readonly #root = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.innerHTML = SKELETON;
    this.#root.addEventListener("click", (event) => this.#clicked(event));
  }

  /** The recorder behind it; `null` while the element is not in a page, or lacks `server` or `token`. */
  get recorder(): Recorder | null {
    return this.#recorder;
  }

  /** @internal */
  connectedCallback(): void {
    this.#begin();
  }

  /** @internal */
  disconnectedCallback(): void {
    this.#recorder?.close();
    this.#recorder = null;
  }

  /** @internal */
  attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    if (before === value) return;
    if (name === "token" && value && this.#recorder) return this.#recorder.setToken(value);
    if (name === "lang") return this.#show(this.#recorder?.state ?? null);
    if (!this.isConnected) return;
    this.disconnectedCallback();
    this.#begin();
  }

  get #language(): string {
    return this.closest<HTMLElement>("[lang]")?.lang || navigator.language;
  }

  get #texts(): Texts {
    return textsFor(this.#language);
  }

  #begin(): void {
    const [server, token] = [this.getAttribute("server"), this.getAttribute("token")];
    if (!server || !token || this.#recorder) return;
    this.#recorder = createRecorder({ server, token, ...this.#options() });
    this.#recorder.subscribe((state) => {
      this.#show(state);
      this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
    });
  }

  #options(): Partial<RecorderOptions> {
    const [workerUrl, serviceWorkerUrl] = [this.getAttribute("worker-url"), this.getAttribute("service-worker-url")];
    return {
      ...(workerUrl === null ? {} : { workerUrl }),
      ...(serviceWorkerUrl === null ? {} : { serviceWorkerUrl }),
      effort: this.getAttribute("effort") === "light" ? "light" : "normal",
    };
  }

  #clicked({ target }: Event): void {
    const button = target instanceof Element ? target.closest("button") : null;
    const recorder = this.#recorder;
    if (!button || !recorder) return;
    const { do: what, track } = button.dataset;
    // What a call throws stands in the state, and with it in the alert.
    if (what === "start") recorder.start().catch(() => undefined);
    if (what === "stop") void recorder.stop();
    if (what === "resume" && track) recorder.resume(track).catch(() => undefined);
    if (what === "rehearse" && button instanceof HTMLButtonElement) void this.#rehearse(recorder, button);
  }

  async #rehearse(recorder: Recorder, button: HTMLButtonElement): Promise<void> {
    const list = this.#part("checks");
    list.replaceChildren();
    button.disabled = true;
    button.textContent = this.#texts.rehearsing;
    const onCheck = (check: Check): void => list.append(item(`${MARKS[check.outcome]} ${this.#said(check)}`));
    const report = await recorder.rehearse({ onCheck });
    list.prepend(item(this.#said(report)));
    button.disabled = false;
    button.textContent = this.#texts.rehearse;
  }

  #said({ text }: Check | RehearsalReport): string {
    return this.#texts === textsFor("ko") ? text.ko : text.en;
  }

  /** Only what has changed is written, as screen readers read what is written. */
  #show(state: RecorderState | null): void {
    if (!state) return;
    const shown = view(state, this.#texts, this.#language);
    const key = JSON.stringify([shown, this.#language]);
    if (key === this.#shown) return;
    this.#shown = key;
    write(this.#part("headline"), shown.headline);
    this.#part("lines").replaceChildren(...shown.lines.map((line) => paragraph(line)));
    write(this.#part("alert"), shown.alert ?? "");
    this.#part("tracks").replaceChildren(...shown.tracks.map(trackItem));
    this.#part("receipts").replaceChildren(...shown.receipts.map(receiptItem));
    this.#showActions(shown);
  }

  #showActions({ canStart, canStop, canRehearse }: View): void {
    const { start, stop, rehearse } = this.#texts;
    this.#button("start", start, canStart);
    this.#button("stop", stop, canStop);
    this.#button("rehearse", rehearse, canRehearse);
    this.#part("checks").hidden = !canRehearse;
  }

  #button(what: string, label: string, isShown: boolean): void {
    const button = this.#root.querySelector<HTMLButtonElement>(`[data-do="${what}"]`);
    if (!button) return;
    if (!button.disabled) write(button, label);
    button.hidden = !isShown;
  }

  #part(name: string): HTMLElement {
    const found = this.#root.querySelector<HTMLElement>(`[part="${name}"]`);
    if (!found) throw new RangeError(`the element has no part ${name}`);
    return found;
  }
}

/** Beside each check, so that its outcome is not told by colour. */
const MARKS = { good: "✓", warning: "!", bad: "✗" } as const;

function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function paragraph(text: string): HTMLElement {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

function item(...content: (string | Node)[]): HTMLElement {
  const element = document.createElement("li");
  element.append(...content);
  return element;
}

function trackItem({ track, text, resume }: View["tracks"][number]): HTMLElement {
  if (resume === null) return item(text);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = resume;
  Object.assign(button.dataset, { do: "resume", track });
  return item(text, button);
}

function receiptItem({ label, fileName, receipt }: View["receipts"][number]): HTMLElement {
  const link = document.createElement("a");
  link.textContent = label;
  link.download = fileName;
  link.href = `data:application/jose,${encodeURIComponent(receipt)}`;
  return item(link);
}

if (!customElements.get("handin-recorder")) customElements.define("handin-recorder", HandinRecorderElement);
