// What the network takes of a chip, the chip's own answers, and what one takes home.

import { state, change, onChange } from "./state.js";
import { radios } from "./controls.js";
import { say, number, write } from "./words.js";
import { send, on } from "./link.js";
import { setChip, hasChip } from "./field.js";

const element = (id) => document.getElementById(id);
let measured = null; // the shape that was measured last
let timer = 0;
let regression = false;
let range = 1;
let looking = false; // whether the user looks for a board, not the page by itself

const shape = () => JSON.stringify([state.layers, state.inputs, state.act, state.weights, state.data]);

function show() {
  const names = [["f32", "f32"], ["int8", "int8"], ["int4", "int4"], ["ternary", say("ternary")]];
  radios(element("weights"), names, state.weights, (weights) => change({ weights }));
  if (shape() === measured) return;
  measured = shape();
  element("instructions").textContent = "…";
  element("instructions-more").textContent = say("measuring");
  // Those of the last network are no longer true.
  for (const id of ["flash-more", "ram-more"]) element(id).textContent = "";
  clearTimeout(timer);
  timer = setTimeout(() => send("measure"), 600);
}

/** Measures anew, and looks for a board, as after the line was lost. */
export function again() {
  send("board");
  measured = null;
  show();
}

/** Takes the problem. */
export function setData(head) {
  [regression, range] = [head.regression, head.range];
}

/** Shows a frame's sizes. The chip's answers were another network's if this one has changed. */
export function setFrame(head, changed) {
  write(element("parameters"), number(head.parameters));
  write(element("flash"), `${number(head.flash)} ${say("bytes")}`);
  write(element("ram"), `${number(head.ram)} ${say("bytes")}`);
  if (changed && hasChip()) {
    setChip(null);
    element("chip-says").textContent = "";
  }
}

on("measure", (head) => {
  element("instructions").textContent = number(head.count);
  element("instructions-more").textContent = say("per_answer", head.core);
  element("flash-more").textContent = say("with_program", number(head.flash.total));
  element("ram-more").textContent = say("with_program", number(head.ram.total));
});
on("run", (head, bytes) => {
  const values = Array.from(new Float32Array(bytes.slice().buffer), (value) => (regression ? value / range : 2 * value - 1));
  setChip(values);
  const text = head.different ? "chip_differs" : "chip_agrees";
  element("chip-says").textContent = say(text, { core: head.core, n: number(head.samples), different: head.different, count: number(head.count / head.samples), unit: say(head.unit).toLowerCase() });
  element("chip-says").dataset.different = head.different;
  element("run").disabled = element("run-board").disabled = false;
});
on("file", (head, bytes) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([bytes])), download: head.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});

on("board", (head) => {
  element("look").hidden = true;
  for (const part of document.querySelectorAll(".board")) part.hidden = false;
  element("board").title = head.probe;
  if (looking) element("chip-says").textContent = head.probe;
  looking = false;
});

/** Runs on the emulated chip, or flashes the chip of this name. */
function run(chip) {
  send("pause");
  send("run", { chip });
  element("run").disabled = element("run-board").disabled = true;
  element("chip-says").textContent = say("running");
  delete element("chip-says").dataset.different;
}

element("run").addEventListener("click", () => run(null));
element("run-board").addEventListener("click", () => run(element("board").value || element("board").placeholder));
element("look").addEventListener("click", () => {
  looking = true;
  element("chip-says").textContent = say("looking");
  send("board");
});
document.querySelectorAll("[data-form]").forEach((button) => button.addEventListener("click", () => send("file", { form: button.dataset.form })));

/** Shows why something about the chip failed; says whether it was about the chip. */
export function setError({ about, message }) {
  if (about === "measure") {
    element("instructions").textContent = "–";
    element("instructions-more").textContent = message;
  } else if (about === "run") {
    element("run").disabled = element("run-board").disabled = false;
    element("chip-says").textContent = message;
  } else if (about === "board") {
    // Nobody needs to know who has not asked.
    if (looking) element("chip-says").textContent = message;
    looking = false;
  } else return false;
  return true;
}

onChange(show);
