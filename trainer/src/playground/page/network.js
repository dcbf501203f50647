// The network's picture: a small field for each neuron, a line for each weight, and the editor of both.

import { state, change, onChange, INPUTS, MOST_LAYERS, MOST_NEURONS } from "./state.js";
import { onTheme } from "./palette.js";
import { paint } from "./field.js";
import { say, isChinese } from "./words.js";
import { send } from "./link.js";

const element = (id) => document.getElementById(id);
const diagram = element("diagram");
const editor = element("editor");
const NAMES = { x1: "x₁", x2: "x₂", "x1^2": "x₁²", "x2^2": "x₂²", "x1*x2": "x₁x₂", "sin(x1)": "sin x₁", "sin(x2)": "sin x₂" };
const SVG = "http://www.w3.org/2000/svg";

let nodes = []; // [column][row]: { button, canvas, x, y }; column 0 are the inputs, the last is the output
let lines = []; // { path, layer, from, to, shown }
let frame = null;
let fields = null; // the frame's pictures
let shape = "";
let pointed = null; // [column, row] of the neuron that is shown large
let edited = null; // [layer, unit]

/** The neuron that the pointer or the focus is on, as [column, row]; null for the output. */
export const shown = () => pointed;
let onPoint = () => {};

/** Calls `listener` when another neuron is to be shown large. */
export function onPointed(listener) {
  onPoint = listener;
}

function make(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/** Builds the picture for the state's shape. */
function build() {
  const width = diagram.clientWidth;
  const columns = state.layers.length + 2;
  const narrow = width < 560;
  const most = Math.max(INPUTS.length, ...state.layers);
  const pitch = width / columns;
  const size = Math.min(narrow ? 30 : 42, pitch * 0.62, Math.max(24, 400 / most - 3));
  const gap = Math.max(size + 3, Math.min(size * 1.38, 384 / most));
  const head = narrow ? 62 : 40;
  const height = head + most * gap + 8;
  const next = JSON.stringify([state.layers, state.inputs, width, size, gap, isChinese()]);
  if (next === shape) return;
  shape = next;
  diagram.style.height = `${height}px`;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const counts = [INPUTS.length, ...state.layers, 1];
  const middle = head + (most * gap) / 2;
  const labelled = narrow ? 0 : 44; // room for the inputs' names
  nodes = counts.map((count, column) => Array.from({ length: count }, (_, row) => {
    const x = labelled + size / 2 + 2 + ((width - labelled - size - 8) * column) / (columns - 1);
    const y = column === 0 || column === columns - 1 || count > 1 ? middle + (row - (count - 1) / 2) * gap : middle;
    return { x, y };
  }));
  const parts = [svg];
  nodes.forEach((column, c) => column.forEach((node, row) => {
    const kind = c === 0 ? "input" : c === columns - 1 ? "output" : "hidden";
    node.canvas = make("canvas", { width: 30, height: 30 });
    node.button = make("button", { className: `node ${kind}`, type: "button" }, node.canvas);
    Object.assign(node.button.style, { left: `${node.x - size / 2}px`, top: `${node.y - size / 2}px`, width: `${size}px`, height: `${size}px` });
    if (kind === "input") {
      const name = INPUTS[row];
      node.button.title = NAMES[name];
      node.button.setAttribute("aria-label", NAMES[name]);
      node.button.setAttribute("aria-pressed", state.inputs.includes(name));
      node.button.addEventListener("click", () => toggle(name));
      const label = make("span", { className: "label", textContent: NAMES[name] });
      Object.assign(label.style, narrow ? { left: `${node.x - size / 2}px`, top: `${node.y - size / 2}px`, width: `${size}px` } : { right: `${width - (node.x - size / 2 - 5)}px`, top: `${node.y - 9}px` });
      label.classList.toggle("inside", narrow);
      parts.push(label);
    } else {
      const name = kind === "output" ? say("output_neuron") : `${say("neuron")} ${c}.${row + 1}`;
      node.button.setAttribute("aria-label", name);
      node.button.addEventListener("click", () => edit(c - 1, row));
    }
    for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
      node.button.addEventListener(event, () => {
        pointed = on && kind !== "output" ? [c, row] : null;
        onPoint();
      });
    }
    parts.push(node.button);
  }));
  lines = [];
  for (let c = 1; c < nodes.length; c++) {
    const froms = c === 1 ? state.inputs.map((name) => INPUTS.indexOf(name)) : nodes[c - 1].map((_, row) => row);
    nodes[c].forEach((to, unit) => froms.forEach((row, from) => {
      const source = nodes[c - 1][row];
      const path = document.createElementNS(SVG, "path");
      const [x0, x1] = [source.x + size / 2, to.x - size / 2];
      const bend = (x1 - x0) * 0.45;
      path.setAttribute("d", `M${x0} ${source.y}C${x0 + bend} ${source.y} ${x1 - bend} ${to.y} ${x1} ${to.y}`);
      path.addEventListener("click", () => edit(c - 1, unit, from));
      path.append(document.createElementNS(SVG, "title"));
      const line = { path, layer: c - 1, from, to: unit, width: -1, sign: 0 };
      path.addEventListener("pointerenter", () => (path.firstChild.textContent = weight(line).toFixed(3)));
      svg.append(path);
      lines.push(line);
    }));
  }
  state.layers.forEach((count, layer) => {
    const step = (text, by, word) => {
      const button = make("button", { type: "button", textContent: text, title: say(word) });
      button.setAttribute("aria-label", `${say(word)} (${layer + 1})`);
      button.disabled = count + by < 1 || count + by > MOST_NEURONS;
      button.addEventListener("click", () => change({ layers: state.layers.map((n, k) => (k === layer ? n + by : n)) }));
      return button;
    };
    const stepper = make("span", { className: "stepper" }, step("−", -1, "remove_neuron"), make("output", { textContent: count }), step("+", 1, "add_neuron"));
    stepper.classList.toggle("tall", narrow);
    stepper.style.left = `${nodes[layer + 1][0].x}px`;
    parts.push(stepper);
  });
  diagram.replaceChildren(...parts);
  if (frame) setFrame(frame, fields);
}

function toggle(name) {
  const inputs = INPUTS.filter((input) => (input === name) !== state.inputs.includes(input));
  if (inputs.length) change({ inputs });
}

const weight = ({ layer, from, to }) => frame?.layers[layer]?.weights[from]?.[to] ?? 0;

/** Takes a frame: paints the neurons and the lines. */
export function setFrame(head, bytes) {
  [frame, fields] = [head, bytes];
  const counts = head.layers.map(({ bias }) => bias.length);
  // A frame of an earlier shape is on its way out.
  if (counts.slice(0, -1).join() !== state.layers.join() || head.layers[0].weights.length !== state.inputs.length) return;
  const fine = head.fine * head.fine;
  const cell = head.coarse * head.coarse;
  let at = fine;
  nodes.forEach((column, c) => column.forEach((node) => {
    if (c === nodes.length - 1) return paint(node.canvas, bytes.subarray(0, fine), head.fine, state.discrete);
    paint(node.canvas, bytes.subarray(at, at + cell), head.coarse, state.discrete);
    at += cell;
  }));
  for (const line of lines) {
    const value = weight(line);
    const width = Math.round(Math.min(8, 0.4 + Math.abs(value) * 1.6) * 10) / 10;
    const sign = value < 0 ? -1 : 1;
    if (width !== line.width) line.path.style.strokeWidth = line.width = width;
    if (sign !== line.sign) line.path.classList.toggle("negative", (line.sign = sign) < 0);
    const faint = Math.abs(value) < 0.15;
    if (faint !== line.faint) line.path.classList.toggle("faint", (line.faint = faint));
  }
  if (editor.open) fill();
}

/** The field of a neuron ([column, row]) in a frame. */
export function fieldOf(head, bytes, [column, row]) {
  const before = [INPUTS.length, ...state.layers].slice(0, column).reduce((sum, count) => sum + count, 0);
  const cell = head.coarse * head.coarse;
  const at = head.fine * head.fine + (before + row) * cell;
  return bytes.subarray(at, at + cell);
}

/** The name of a neuron ([column, row]). */
export const nameOf = ([column, row]) => (column === 0 ? NAMES[INPUTS[row]] : `${say("neuron")} ${column}.${row + 1}`);

function edit(layer, unit, from) {
  if (!frame) return;
  edited = [layer, unit];
  const isOutput = layer === frame.layers.length - 1;
  editor.querySelector("h3").textContent = isOutput ? say("output_neuron") : `${say("neuron")} ${layer + 1}.${unit + 1}`;
  const field = (name, place) => {
    const input = make("input", { type: "number", step: "0.1" });
    input.addEventListener("input", () => {
      if (input.value !== "") send("weight", { layer, to: unit, value: Number(input.value), ...place });
    });
    return make("label", {}, make("span", { textContent: name }), input);
  };
  const sources = layer === 0 ? state.inputs.map((name) => NAMES[name]) : frame.layers[layer].weights.map((_, k) => `${layer}.${k + 1}`);
  editor.querySelector(".weights").replaceChildren(field(say("bias"), {}), ...sources.map((name, k) => field(name, { from: k })));
  fill();
  editor.close();
  editor.show();
  const node = nodes[layer + 1][unit];
  const [x, y] = [node.x + diagram.offsetLeft, node.y + diagram.offsetTop];
  const room = editor.offsetParent.clientWidth - editor.offsetWidth - 8;
  editor.style.left = `${Math.max(8, Math.min(room, x + 30))}px`;
  editor.style.top = `${Math.max(8, Math.min(y - 40, editor.offsetParent.clientHeight - editor.offsetHeight - 8))}px`;
  editor.querySelectorAll("input")[from === undefined ? 0 : from + 1].select();
}

function fill() {
  const [layer, unit] = edited;
  const { bias, weights } = frame.layers[layer] ?? { bias: [], weights: [] };
  editor.querySelectorAll("input").forEach((input, k) => {
    if (input === document.activeElement) {
      if (input.value !== "") return;
    }
    const value = k === 0 ? bias[unit] : weights[k - 1]?.[unit];
    if (value === undefined) return editor.close();
    input.value = value.toFixed(3);
  });
}

editor.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") editor.close();
});
element("add-layer").addEventListener("click", () => change({ layers: [...state.layers, state.layers.at(-1) ?? 4] }));
element("remove-layer").addEventListener("click", () => change({ layers: state.layers.slice(0, -1) }));
element("new-weights").addEventListener("click", () => change({ net: (state.net % 9999) + 1 }));

function show() {
  const count = state.layers.length;
  element("layer-count").textContent = `${count} ${say(count === 1 ? "layer_1" : "layers")}`;
  element("add-layer").disabled = count >= MOST_LAYERS;
  element("remove-layer").disabled = count === 0;
  const key = JSON.stringify([state.layers, state.inputs]);
  if (editor.open && editor.dataset.key !== key) editor.close();
  editor.dataset.key = key;
  build();
}

onChange(show);
onTheme(() => frame && setFrame(frame, fields));
new ResizeObserver(build).observe(diagram);
