// What a browser holds in memory while it records, and a picture of it over time.

/**
 * One look: seconds recorded, bytes recorded, the resident memory of all of the browser's processes, workers included, and the
 * page's JS heap, in bytes.
 */
export async function memory({ browser, page }) {
  const takes = await page.evaluate("recorder.state.takes.map(({ track, recordedBytes, recordedMs }) => ({ track, recordedBytes, recordedMs }))");
  const webcam = takes.filter(({ track }) => track === "webcam");
  const resident = browser.processes().reduce((sum, process) => sum + process.resident, 0);
  return {
    seconds: webcam.reduce((sum, { recordedMs }) => sum + recordedMs, 0) / 1_000,
    recorded: takes.reduce((sum, { recordedBytes }) => sum + recordedBytes, 0),
    resident,
    heap: await page.heap(),
  };
}

const [WIDTH, HEIGHT, MARGIN] = [720, 320, 56];
const LINES = [["resident", "resident memory of the browser", "#1f6feb"], ["heap", "JS heap of the page", "#d4622a"], ["recorded", "recorded so far", "#6e7781"]];

/** The samples as an SVG picture: memory beside what was recorded, in MiB over minutes. */
export function plot(samples) {
  const most = Math.max(...samples.flatMap(({ resident, recorded }) => [resident, recorded])) / 2 ** 20;
  const end = samples.at(-1).seconds / 60;
  const x = (seconds) => MARGIN + ((seconds / 60) / end) * (WIDTH - 2 * MARGIN);
  const y = (bytes) => HEIGHT - MARGIN - (bytes / 2 ** 20 / most) * (HEIGHT - 2 * MARGIN);
  const curve = ([name, , colour]) => `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${samples
    .map((sample) => `${x(sample.seconds).toFixed(1)},${y(sample[name]).toFixed(1)}`).join(" ")}"/>`;
  const legend = ([, text, colour], place) => `<text x="${MARGIN + 8}" y="${20 + place * 16}" fill="${colour}">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">
<title>Memory of the browser during a recording of ${end.toFixed(0)} minutes</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#8c959f"/>
<text x="${WIDTH - MARGIN}" y="${HEIGHT - MARGIN + 20}" text-anchor="end">${end.toFixed(0)} minutes</text>
<text x="2" y="${MARGIN + 4}" font-size="11">${most.toFixed(0)} MiB</text><text x="${MARGIN - 6}" y="${HEIGHT - MARGIN}" text-anchor="end">0</text>
${LINES.map(curve).join("\n")}
${LINES.map(legend).join("\n")}
</svg>
`;
}
