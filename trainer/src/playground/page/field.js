// The output over the plane: its values, the points on it, and what the chip says to it.

import { theme, onTheme } from "./palette.js";
import { state, onChange } from "./state.js";
import { say } from "./words.js";
import { send } from "./link.js";

const box = document.getElementById("field");
const [valuesCanvas, pointsCanvas] = box.querySelectorAll("canvas");
const cross = box.querySelector(".cross");
const small = document.createElement("canvas");
let data = null;
let chip = null;
let last = null;
let cursor = [0, 0];
let width = box.clientWidth; // kept, since to ask for it is to lay out the page

/** The class of new points: 0 or 1. */
export const pen = { class: 1 };

/** Paints bytes (-127..=127) into a canvas of `side` x `side` pixels. */
export function paint(canvas, bytes, side, discrete) {
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  const colors = discrete ? theme().discrete : theme().diverging;
  for (let k = 0; k < pixels.length; k++) pixels[k] = colors[bytes[k]];
  context.putImageData(image, 0, 0);
}

/** Shows values (the output's, or a neuron's). */
export function show(bytes, side) {
  last = [bytes, side];
  paint(small, bytes, side, state.discrete);
  const size = fit(valuesCanvas);
  const context = valuesCanvas.getContext("2d");
  context.imageSmoothingEnabled = !state.discrete;
  context.drawImage(small, 0, 0, size, size);
}

function fit(canvas) {
  const size = Math.round(width * devicePixelRatio);
  if (canvas.width !== size) canvas.width = canvas.height = size;
  return size;
}

/** Takes the problem's points. */
export function setData(head) {
  data = head;
  chip = null;
  names();
  drawPoints();
}

/** Shows the chip's answers, -1..=1 row by row, until something changes. */
export function setChip(values) {
  chip = values;
  drawPoints();
}

/** Whether the chip's answers are shown. */
export const hasChip = () => chip !== null;

/** Draws the points anew. */
export function drawPoints() {
  const size = fit(pointsCanvas);
  const context = pointsCanvas.getContext("2d");
  const { ink, paper, blue, orange, points, diverging } = theme();
  context.clearRect(0, 0, size, size);
  if (!data) return;
  const [left, right, bottom, top] = data.domain;
  const unit = devicePixelRatio;
  const color = (target) => {
    if (!data.regression) return points[target > 0.5 ? 1 : 0];
    const pixel = diverging[Math.round(Math.max(-1, Math.min(1, target / data.range)) * 127) & 255];
    return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
  };
  if (chip) {
    const side = Math.sqrt(chip.length);
    chip.forEach((value, cell) => {
      context.beginPath();
      context.arc((((cell % side) + 0.5) * size) / side, ((Math.floor(cell / side) + 0.5) * size) / side, (size / side) * 0.33, 0, 7);
      context.fillStyle = data.regression ? color(value * data.range) : value < 0 ? orange : blue;
      context.globalAlpha = data.regression ? 1 : 0.25 + 0.75 * Math.min(1, Math.abs(value));
      context.fill();
    });
    context.globalAlpha = 1;
    return;
  }
  const draw = (samples, radius, edge) => {
    context.lineWidth = unit;
    context.strokeStyle = edge;
    for (const [x, y, target] of samples) {
      context.beginPath();
      context.arc(((x - left) / (right - left)) * size, ((top - y) / (top - bottom)) * size, radius * unit, 0, 7);
      context.fillStyle = color(target);
      context.fill();
      context.stroke();
    }
  };
  draw(data.train, 3.4, paper);
  if (state.showtest) draw(data.test, 3.4, ink);
  context.fillStyle = ink;
  context.font = `${11 * unit}px system-ui, sans-serif`;
  const label = (text, x, y, align, baseline) => {
    [context.textAlign, context.textBaseline] = [align, baseline];
    context.lineWidth = 3 * unit;
    context.strokeStyle = paper;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  };
  const short = (value) => Number(value.toPrecision(2)).toString().replace("-", "−");
  const edge = 5 * unit;
  label(short(left), edge, size - edge, "left", "bottom");
  label(short(right), size - edge, size - edge, "right", "bottom");
  label(`${data.axes[0]}`, size / 2, size - edge, "center", "bottom");
  label(short(top), edge, edge, "left", "top");
  label(`${data.axes[1]}`, edge, size / 2, "left", "middle");
}

function add(x, y, other) {
  if (state.data !== "own" || !data) return;
  const [left, right, bottom, top] = data.domain;
  send("add", { x1: left + (right - left) * x, x2: top + (bottom - top) * y, class: other ? 1 - pen.class : pen.class });
}

box.addEventListener("click", (event) => {
  const { left, top, width, height } = box.getBoundingClientRect();
  add((event.clientX - left) / width, (event.clientY - top) / height, event.shiftKey);
});
box.addEventListener("keydown", (event) => {
  if (state.data !== "own") return;
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (move) cursor = cursor.map((place, axis) => Math.max(-0.48, Math.min(0.48, place + move[axis] * 0.02)));
  else if (event.key === "Enter") add(cursor[0] + 0.5, cursor[1] + 0.5, event.shiftKey);
  else return;
  event.preventDefault();
  cross.hidden = false;
  [cross.style.left, cross.style.top] = cursor.map((place) => `${50 + place * 100}%`);
});
box.addEventListener("blur", () => (cross.hidden = true));

/** What the colors stand for. */
function names() {
  if (!data) return;
  const [low, high] = document.querySelectorAll("#legend span");
  if (data.regression) [low.textContent, high.textContent] = [-data.range, data.range].map((value) => value.toPrecision(2).replace("-", "−"));
  else [low.textContent, high.textContent] = data.classes.map((name) => say(name));
}

function legend() {
  const canvas = document.querySelector("#legend canvas");
  const context = canvas.getContext("2d");
  const image = context.createImageData(255, 1);
  const colors = state.discrete ? theme().discrete : theme().diverging;
  new Uint32Array(image.data.buffer).set(Array.from({ length: 255 }, (_, k) => colors[(k - 127) & 255]));
  context.putImageData(image, 0, 0);
}

/** Draws all anew, as after a change of the theme or the window. */
export function redraw() {
  legend();
  if (last) show(...last);
  drawPoints();
}

onTheme(redraw);
onChange(names);
new ResizeObserver(() => {
  width = box.clientWidth;
  redraw();
}).observe(box);
