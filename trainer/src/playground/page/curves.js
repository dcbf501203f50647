// The losses over the epochs, on a logarithmic scale.

import { theme, onTheme } from "./palette.js";
import { say } from "./words.js";

const canvas = document.getElementById("curves");
const MOST = 1200;
const LEAST = 1e-5; // the least loss that is told from 0
let records = [];
let box = [canvas.clientWidth, canvas.clientHeight]; // kept, since to ask for them is to lay out the page

/** Forgets everything. */
export function clear() {
  records = [];
  draw();
}

/** Adds an epoch's losses. An epoch that is there already is replaced; an earlier one begins anew. */
export function add(epoch, train, test) {
  while (records.length && records[records.length - 1][0] >= epoch) records.pop();
  records.push([epoch, train, test]);
  // Every second one is enough then.
  if (records.length > MOST) records = records.filter((_, k) => k % 2 === 0 || k === records.length - 1);
  draw();
}

function draw() {
  const unit = devicePixelRatio;
  const [width, height] = box.map((length) => Math.round(length * unit));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const { muted, pale, blue, orange } = theme();
  context.clearRect(0, 0, width, height);
  const [left, right, top, bottom] = [40 * unit, width - 6 * unit, 8 * unit, height - 18 * unit];
  // Decades, since a loss falls through several.
  const losses = records.flatMap(([, train, test]) => [train, test]).filter((loss) => loss > 0);
  const high = Math.log10(losses.reduce((a, b) => Math.max(a, b), 0) || 1);
  const low = Math.min(high - 1, Math.log10(Math.max(LEAST, losses.reduce((a, b) => Math.min(a, b), 1))));
  const first = records[0]?.[0] ?? 0;
  const span = Math.max(1, (records[records.length - 1]?.[0] ?? 1) - first);
  const x = (epoch) => left + ((right - left) * (epoch - first)) / span;
  const y = (loss) => bottom - ((bottom - top) * Math.max(0, Math.log10(Math.max(loss, LEAST)) - low)) / (high - low);
  context.font = `${11 * unit}px system-ui, sans-serif`;
  context.fillStyle = muted;
  context.strokeStyle = pale;
  context.lineWidth = unit;
  context.textBaseline = "middle";
  for (let decade = Math.ceil(low); decade <= high; decade++) {
    for (const [times, strong] of [[1, true], [2, false], [5, false]]) {
      const loss = times * 10 ** decade;
      if (Math.log10(loss) > high) continue;
      context.globalAlpha = strong ? 1 : 0.4;
      context.beginPath();
      context.moveTo(left, y(loss));
      context.lineTo(right, y(loss));
      context.stroke();
      context.globalAlpha = 1;
      if (!strong && high - low > 1.6) continue;
      context.textAlign = "right";
      context.fillText(Number(loss.toPrecision(1)), left - 4 * unit, y(loss));
    }
  }
  context.textBaseline = "bottom";
  context.textAlign = "left";
  context.fillText(first, left, height);
  context.textAlign = "center";
  context.fillText(say("epoch"), (left + right) / 2, height);
  context.textAlign = "right";
  context.fillText(first + span, right, height);
  context.lineJoin = "round";
  [[1, blue, []], [2, orange, [5, 3]]].forEach(([column, color, dash]) => {
    context.beginPath();
    // A part without points has no loss.
    records.filter((record) => record[column] !== null).forEach((record, k) => context[k ? "lineTo" : "moveTo"](x(record[0]), y(record[column])));
    context.strokeStyle = color;
    context.lineWidth = 2 * unit;
    context.setLineDash(dash.map((length) => length * unit));
    context.stroke();
  });
  context.setLineDash([]);
}

onTheme(draw);
new ResizeObserver(() => {
  box = [canvas.clientWidth, canvas.clientHeight];
  draw();
}).observe(canvas);
