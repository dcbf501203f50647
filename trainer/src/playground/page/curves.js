// The losses over the epochs.

import { theme, onTheme } from "./palette.js";
import { say } from "./words.js";

const canvas = document.getElementById("curves");
const MOST = 1200;
let records = [];

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
  const [width, height] = [canvas.clientWidth * unit, canvas.clientHeight * unit].map(Math.round);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const { muted, pale, blue, orange } = theme();
  context.clearRect(0, 0, width, height);
  const [left, right, top, bottom] = [34 * unit, width - 6 * unit, 8 * unit, height - 18 * unit];
  const most = records.reduce((most, [, train, test]) => Math.max(most, train, test), 0) || 1;
  const first = records[0]?.[0] ?? 0;
  const span = Math.max(1, (records[records.length - 1]?.[0] ?? 1) - first);
  const x = (epoch) => left + ((right - left) * (epoch - first)) / span;
  const y = (loss) => bottom - ((bottom - top) * loss) / most;
  context.font = `${11 * unit}px system-ui, sans-serif`;
  context.fillStyle = muted;
  context.strokeStyle = pale;
  context.lineWidth = unit;
  context.textBaseline = "middle";
  for (const share of [0, 0.5, 1]) {
    context.beginPath();
    context.moveTo(left, y(share * most));
    context.lineTo(right, y(share * most));
    context.stroke();
    context.textAlign = "right";
    context.fillText((share * most).toPrecision(2), left - 4 * unit, y(share * most));
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
    records.forEach((record, k) => context[k ? "lineTo" : "moveTo"](x(record[0]), y(record[column])));
    context.strokeStyle = color;
    context.lineWidth = 2 * unit;
    context.setLineDash(dash.map((length) => length * unit));
    context.stroke();
  });
  context.setLineDash([]);
}

onTheme(draw);
new ResizeObserver(draw).observe(canvas);
