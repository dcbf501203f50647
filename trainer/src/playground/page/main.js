// Brings the parts together: the state to the server, frames to the pictures, one for each of the screen's.

import { state, change, onChange, read, settings } from "./state.js";
import { isChinese, say, write } from "./words.js";
import { isDark } from "./palette.js";
import { connect, on, send } from "./link.js";
import * as controls from "./controls.js";
import * as curves from "./curves.js";
import * as field from "./field.js";
import * as network from "./network.js";
import * as chip from "./chip.js";
import * as digits from "./digits.js";
import "./data.js";

const element = (id) => document.getElementById(id);
let sent = ""; // the settings that the server has
let arrived = []; // frames that are not drawn yet
let drawn = null; // the one on the screen
let asked = false; // whether a draw is due

function message(text) {
  element("message").textContent = text;
  element("message").hidden = !text;
}

/** Sends the settings if they have changed. */
function tell() {
  const text = JSON.stringify(settings());
  if (text === sent) return;
  sent = text;
  message("");
  send("settings", settings());
}

function schedule() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(draw);
}

function draw() {
  asked = false;
  const next = arrived.shift();
  if (!next) return;
  const { head, bytes } = next;
  // The server works on another frame while this one is drawn.
  send("frame");
  if (arrived.length) schedule();
  const before = drawn?.head;
  const other = !before || before.epoch !== head.epoch || JSON.stringify(before.layers) !== JSON.stringify(head.layers) || before.weights !== head.weights;
  if (before && (head.epoch < before.epoch || before.weights !== head.weights)) curves.clear();
  drawn = { head, bytes };
  controls.setFrame(head);
  curves.add(head.epoch, head.train.loss, head.test.loss);
  network.setFrame(head, bytes);
  chip.setFrame(head, other);
  showField();
  document.documentElement.dataset.ready = "true";
}

function showField() {
  if (!drawn) return;
  const { head, bytes } = drawn;
  const node = network.shown();
  if (node) field.show(network.fieldOf(head, bytes, node), head.coarse);
  else field.show(bytes.subarray(0, head.fine * head.fine), head.fine);
  write(element("field-name"), node ? network.nameOf(node) : state.weights === "ternary" ? say("ternary") : state.weights);
}

on("frame", (head, bytes) => {
  arrived.push({ head, bytes });
  schedule();
});
on("data", (head) => {
  field.setData(head);
  chip.setData(head);
  curves.clear();
});
on("error", (head) => {
  const shown = [chip.setError(head), digits.setError(head)].some(Boolean);
  if (!shown) message(head.message);
});
network.onPointed(showField);

const TABS = ["points", "digits"];
for (const [k, tab] of TABS.entries()) {
  element(`tab-${tab}`).addEventListener("click", () => change({ tab }));
  element(`tab-${tab}`).addEventListener("keydown", (event) => {
    const last = TABS.length - 1;
    const next = { ArrowLeft: k ? k - 1 : last, ArrowRight: k < last ? k + 1 : 0, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    element(`tab-${TABS[next]}`).focus();
    change({ tab: TABS[next] });
  });
}
element("language").addEventListener("click", () => change({ lang: isChinese() ? "en" : "zh" }));
element("theme").addEventListener("click", () => change({ theme: isDark() ? "light" : "dark" }));

onChange(() => {
  for (const tab of TABS) {
    element(tab).hidden = state.tab !== tab;
    element(`tab-${tab}`).setAttribute("aria-selected", state.tab === tab);
    element(`tab-${tab}`).tabIndex = state.tab === tab ? 0 : -1;
  }
  tell();
});
addEventListener("hashchange", read);
read();
connect(() => {
  message("");
  sent = "";
  tell();
  chip.again();
}, () => message(say("lost")));
