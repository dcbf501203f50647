// The training's controls: buttons, choices, and the epoch.

import { state, change, onChange } from "./state.js";
import { say, number, write } from "./words.js";
import { send } from "./link.js";

const element = (id) => document.getElementById(id);
let playing = false;

const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];
const CHOICES = {
  "learning-rate": ["rate", RATES.map((rate) => [rate, String(rate)])],
  activation: ["act", ["tanh", "relu", "sigmoid", "linear", "leaky_relu", "elu", "gelu", "silu"].map((name) => [name, name.replace("_", " ")])],
  optimizer: ["opt", [["sgd", "SGD"], ["adam", "Adam"], ["adamw", "AdamW"]]],
  regularization: ["reg", ["none", "l1:0.0001", "l1:0.0003", "l1:0.001", "l1:0.01", "l2:0.0001", "l2:0.0003", "l2:0.001", "l2:0.01"].map((name) => [name, name])],
  "batch-size": ["batch", [1, 2, 5, 10, 20, 30, 50, 100, 250].map((size) => [size, String(size)])],
  speed: ["speed", [1, 3, 10, 30, 100].map((speed) => [speed, String(speed)])],
};

/** A choice in words. */
function label(value, text) {
  if (value === "none") return say("none");
  const parts = /^(l1|l2):(.*)$/.exec(text);
  return parts ? `${parts[1].toUpperCase()} ${parts[2]}` : text;
}

for (const [id, [key]] of Object.entries(CHOICES)) {
  element(id).addEventListener("change", ({ target }) => {
    change({ [key]: typeof state[key] === "number" ? Number(target.value) : target.value });
  });
}

/** Makes a group of buttons of which one is chosen. */
export function radios(group, items, chosen, choose) {
  if (group.children.length !== items.length) {
    group.replaceChildren(...items.map(([value]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.dataset.value = value;
      button.addEventListener("click", () => choose(value));
      return button;
    }));
    group.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...group.children];
      const next = buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
  }
  [...group.children].forEach((button, k) => {
    const [value, text, icon] = items[k];
    button.setAttribute("aria-checked", value === chosen);
    button.tabIndex = value === chosen ? 0 : -1;
    if (button.dataset.text === text) return;
    button.dataset.text = text;
    button.replaceChildren(...(icon ? [icon] : []), Object.assign(document.createElement("span"), { textContent: text }));
  });
}

function show() {
  for (const [id, [key, items]] of Object.entries(CHOICES)) {
    const select = element(id);
    const all = items.some(([value]) => value === state[key]) ? items : [...items, [state[key], String(state[key])]];
    select.replaceChildren(...all.map(([value, text]) => new Option(label(value, text), value, false, value === state[key])));
  }
}

element("play").addEventListener("click", () => send(playing ? "pause" : "play"));
element("step").addEventListener("click", () => send("step"));
element("reset").addEventListener("click", () => send("reset"));
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, button, dialog, #field, #paper");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || state.tab !== "points") return;
  const button = { " ": "play", s: "step", r: "reset" }[event.key.toLowerCase()];
  if (!button) return;
  event.preventDefault();
  element(button).click();
});

let counted = { time: performance.now(), frames: 0, epoch: 0 };

/** Shows where the training is. */
export function setFrame(head) {
  playing = head.playing;
  element("play").classList.toggle("playing", playing);
  element("play").setAttribute("aria-pressed", playing);
  element("epoch").textContent = number(head.epoch);
  counted.frames += 1;
  const now = performance.now();
  if (!playing) {
    counted = { time: now, frames: 0, epoch: head.epoch };
    element("rate-of-frames").textContent = "";
  } else if (now - counted.time > 1000) {
    const seconds = (now - counted.time) / 1000;
    const frames = Math.round(counted.frames / seconds);
    element("rate-of-frames").textContent = say("frames", { frames, epochs: number((head.epoch - counted.epoch) / seconds) });
    element("rate-of-frames").dataset.frames = frames;
    counted = { time: now, frames: 0, epoch: head.epoch };
  }
  for (const part of ["train", "test"]) {
    const { loss, accuracy } = head[part];
    write(element(`${part}-loss`), loss === null ? "–" : loss.toFixed(4));
    write(element(`${part}-accuracy`), accuracy === null ? "–" : `${(accuracy * 100).toFixed(1)} %`);
  }
}

onChange(show);
