// What is learned: the choice of the data, their noise and parts, and one's own points.

import { state, change, onChange } from "./state.js";
import { theme, onTheme } from "./palette.js";
import { radios } from "./controls.js";
import { say } from "./words.js";
import { send } from "./link.js";
import { pen, drawPoints, redraw } from "./field.js";

const element = (id) => document.getElementById(id);
const SOURCES = ["circle", "xor", "gaussian", "spiral", "moons", "quality", "plane", "hills", "own"];

/** A sign for a data set, not its points: some dots of its shape in -1..1, each with -1..1 for its color. */
const SIGNS = {
  circle: () => ring(7, 0.3, 1).concat(ring(16, 0.85, -1)),
  xor: () => grid(6).map(([x, y]) => [x, y, x * y > 0 ? 1 : -1]),
  gaussian: () => blob(0.42, 0.42, 1).concat(blob(-0.42, -0.42, -1)),
  spiral: () => Array.from({ length: 26 }, (_, k) => {
    const [arm, t] = [k % 2, (k >> 1) / 12];
    const angle = t * 4.6 + arm * Math.PI;
    return [t * 0.95 * Math.sin(angle), t * 0.95 * Math.cos(angle), arm ? -1 : 1];
  }),
  moons: () => Array.from({ length: 9 }, (_, k) => (k / 8) * Math.PI).flatMap((t) => [[Math.cos(t) * 0.6 - 0.28, Math.sin(t) * 0.75 - 0.15, -1], [0.28 - Math.cos(t) * 0.6, 0.15 - Math.sin(t) * 0.75, 1]]),
  quality: () => grid(6).map(([x, y]) => [x, y, y > 1.5 * x * x - 0.75 ? 1 : -1]),
  plane: () => grid(6).map(([x, y]) => [x, y, (x + y) / 1.6]),
  hills: () => grid(7).map(([x, y]) => [x, y, Math.sin(x * 4.7) * (y > 0.1 ? -1 : y < -0.1 ? 1 : 0)]),
  own: () => [[-0.5, 0.3, -1], [-0.15, 0.6, -1], [0.45, -0.35, 1], [0.1, -0.6, 1]],
};

const ring = (n, radius, value) => Array.from({ length: n }, (_, k) => [radius * Math.sin((k / n) * 2 * Math.PI), radius * Math.cos((k / n) * 2 * Math.PI), value]);
const grid = (n) => Array.from({ length: n * n }, (_, k) => [((k % n) + 0.5) * (1.9 / n) - 0.95, (Math.floor(k / n) + 0.5) * (1.9 / n) - 0.95]);
const blob = (x, y, value) => [[0, 0], ...ring(5, 0.2).map(([a, b]) => [a, b]), ...ring(9, 0.4).map(([a, b]) => [a, b])].map(([a, b]) => [x + a, y + b, value]);

function sign(source) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 88;
  canvas.dataset.source = source;
  paintSign(canvas);
  return canvas;
}

function paintSign(canvas) {
  const context = canvas.getContext("2d");
  const { blue, orange } = theme();
  context.clearRect(0, 0, 88, 88);
  for (const [x, y, value] of SIGNS[canvas.dataset.source]()) {
    context.beginPath();
    context.arc(44 + x * 38, 44 - y * 38, 4.2, 0, 7);
    context.fillStyle = value > 0 ? blue : orange;
    context.globalAlpha = Math.max(0.12, Math.min(1, Math.abs(value)));
    context.fill();
  }
}

function show() {
  const group = element("sources");
  radios(group, SOURCES.map((source) => [source, say(source), sign(source)]), state.data, (data) => change({ data }));
  element("own").hidden = state.data !== "own";
  radios(element("classes"), [[0, say("orange")], [1, say("blue")]], pen.class, (value) => {
    pen.class = value;
    show();
  });
  element("noise").value = state.noise;
  element("noise-value").textContent = `${state.noise} %`;
  element("noise-label").hidden = ["own", "quality"].includes(state.data);
  element("test-share").value = state.test;
  element("test-share-value").textContent = `${state.test} %`;
  element("new-data").hidden = state.data === "own";
  element("show-test").checked = state.showtest;
  element("discretize").checked = state.discrete;
  element("field").classList.toggle("open", state.data === "own");
}

const slider = (id, key) => element(id).addEventListener("input", ({ target }) => change({ [key]: Number(target.value) }));
slider("noise", "noise");
slider("test-share", "test");
element("new-data").addEventListener("click", () => change({ seed: (state.seed % 9999) + 1 }));
element("show-test").addEventListener("change", ({ target }) => {
  change({ showtest: target.checked });
  drawPoints();
});
element("discretize").addEventListener("change", ({ target }) => {
  change({ discrete: target.checked });
  redraw();
});
element("clear").addEventListener("click", () => send("clear"));
element("open-table").addEventListener("click", () => element("table").click());
element("table").addEventListener("change", async ({ target }) => {
  if (target.files[0]) await take(target.files[0]);
  target.value = "";
});

async function take(file) {
  const text = await file.text();
  if (state.data !== "own") change({ data: "own" });
  send("table", { name: file.name, text });
}

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file) take(file);
});

onTheme(() => document.querySelectorAll("#sources canvas").forEach(paintSign));
onChange(show);
