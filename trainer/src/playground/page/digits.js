// A digit drawn by hand, and what the network makes of it while it is drawn.

import { theme, onTheme } from "./palette.js";
import { say, number } from "./words.js";
import { send, on } from "./link.js";
import { onChange } from "./state.js";

const element = (id) => document.getElementById(id);
const box = element("paper");
const canvas = box.querySelector("canvas");
const cross = box.querySelector(".cross");
const SIZE = canvas.width;
const SIDE = 84; // as it is sent
const STROKE = SIZE / 14;
const ink = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE });
const small = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
let last = null; // where the pen was
let waiting = false; // for an answer
let stale = false; // drawn on since the last question
let cursor = [0.5, 0.5];
let penDown = false;
let answer = null;

function line(from, to) {
  const context = ink.getContext("2d");
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = STROKE;
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  paintPaper();
  stale = true;
  ask(false);
}

function paintPaper() {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, SIZE, SIZE);
  context.drawImage(ink, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = theme().ink;
  context.fillRect(0, 0, SIZE, SIZE);
  context.globalCompositeOperation = "source-over";
}

/** Asks what the drawing is; one question at a time, so that the answers keep up with the pen. */
function ask(chip) {
  if (waiting && !chip) return;
  [waiting, stale] = [true, false];
  const context = small.getContext("2d", { willReadFrequently: true });
  context.clearRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = "high";
  context.drawImage(ink, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  let hex = "";
  for (let k = 3; k < data.length; k += 4) hex += (data[k] < 16 ? "0" : "") + data[k].toString(16);
  send("digit", { side: SIDE, ink: hex, chip });
  if (chip) element("chip-digit").textContent = say("running");
}

const finish = () => {
  last = null;
  if (element("on-chip").checked) ask(true);
  else if (stale) ask(false);
};
const place = ({ clientX, clientY }) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return [((clientX - left) / width) * SIZE, ((clientY - top) / height) * SIZE];
};

canvas.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  box.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  cross.hidden = true;
  last = place(event);
  line(last, last);
});
canvas.addEventListener("pointermove", (event) => {
  if (!last) return;
  for (const part of event.getCoalescedEvents?.() ?? [event]) {
    const next = place(part);
    line(last, next);
    last = next;
  }
});
canvas.addEventListener("pointerup", finish);
canvas.addEventListener("pointercancel", finish);

box.addEventListener("keydown", (event) => {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!move && event.key !== " ") return;
  event.preventDefault();
  const from = cursor.map((share) => share * SIZE);
  if (move) cursor = cursor.map((share, axis) => Math.max(0.05, Math.min(0.95, share + move[axis] * 0.035)));
  else penDown = !penDown;
  cross.hidden = false;
  cross.classList.toggle("down", penDown);
  [cross.style.left, cross.style.top] = cursor.map((share) => `${share * 100}%`);
  if (penDown) line(from, cursor.map((share) => share * SIZE));
  else if (!move) finish();
});
box.addEventListener("blur", () => {
  cross.hidden = true;
  penDown = false;
});

/** Removes the drawing. */
function wipe() {
  ink.getContext("2d").clearRect(0, 0, SIZE, SIZE);
  paintPaper();
  [answer, waiting, stale] = [null, false, false];
  element("chip-digit").textContent = "";
  showAnswer();
}
element("wipe").addEventListener("click", wipe);
element("on-chip").addEventListener("change", ({ target }) => {
  if (target.checked && answer) ask(true);
});

/** Gray levels as ink on the theme's paper. */
function paintBytes(target, bytes, width, most) {
  target.width = width;
  target.height = Math.ceil(bytes.length / width);
  const context = target.getContext("2d");
  const image = context.createImageData(target.width, target.height);
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const [from, to] = [numbers(theme().paper), numbers(most ? theme().blue : theme().ink)];
  bytes.forEach((byte, k) => {
    const share = byte / (most || 255);
    for (let c = 0; c < 3; c++) image.data[4 * k + c] = from[c] + (to[c] - from[c]) * share;
    image.data[4 * k + 3] = 255;
  });
  context.putImageData(image, 0, 0);
}

function showAnswer() {
  const bars = element("probabilities");
  if (bars.children.length !== 10) {
    bars.replaceChildren(...Array.from({ length: 10 }, (_, digit) => {
      const item = document.createElement("li");
      item.innerHTML = "<b></b><span class=\"bar\"><i></i></span><output></output>";
      item.firstChild.textContent = digit;
      return item;
    }));
  }
  const { head, bytes } = answer ?? { head: { probabilities: Array(10).fill(0), layers: [392, 392, 10], side: 28 }, bytes: new Uint8Array(784 + 784) };
  [...bars.children].forEach((item, digit) => {
    const share = head.probabilities[digit];
    item.querySelector("i").style.width = `${share * 100}%`;
    item.querySelector("output").textContent = answer ? `${(share * 100).toFixed(1)} %` : "";
    item.classList.toggle("best", Boolean(answer) && digit === head.digit);
  });
  element("digit").textContent = answer ? head.digit : "·";
  element("certainty").textContent = answer ? say("sure", `${(Math.max(...head.probabilities) * 100).toFixed(1)} %`) : say("draw_first");
  const pixels = head.side * head.side;
  paintBytes(element("seen"), bytes.subarray(0, pixels), head.side);
  let at = pixels;
  for (const [k, id] of ["first", "second"].entries()) {
    const layer = bytes.subarray(at, at + head.layers[k]);
    paintBytes(element(id), layer, 28, Math.max(1, ...layer));
    at += head.layers[k];
  }
}

on("digit", (head, bytes) => {
  waiting = false;
  answer = { head, bytes };
  showAnswer();
  if (stale) ask(false);
});
on("chip digit", (head) => {
  element("chip-digit").textContent = say("chip_reads", { core: head.core, digit: head.digit, count: number(head.count), unit: say(head.unit).toLowerCase() });
  element("chip-digit").dataset.digit = head.digit;
});

/** Shows why the chip gave no answer; says whether it was about this. */
export function setError({ about, message }) {
  waiting = false;
  if (about !== "chip digit") return false;
  element("chip-digit").textContent = message;
  return true;
}

onChange(showAnswer);
onTheme(() => {
  paintPaper();
  showAnswer();
});
