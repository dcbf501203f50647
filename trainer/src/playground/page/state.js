// What has been chosen. It lives in the address, so that a link leads to the same lesson.

const DEFAULT = {
  tab: "points", lang: "", theme: "auto",
  data: "spiral", noise: 0, test: 50, seed: 1,
  inputs: ["x1", "x2"], layers: [8, 8], act: "relu", net: 1,
  opt: "adam", rate: 0.01, reg: "l2:0.0003", batch: 10, speed: 10,
  weights: "f32", showtest: false, discrete: false,
};

export const INPUTS = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"];
export const MOST_LAYERS = 6;
export const MOST_NEURONS = 16;

export const state = { ...DEFAULT };
const listeners = [];

/** Calls `listener` after every change. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Changes some of the state. */
export function change(some) {
  Object.assign(state, some);
  const words = Object.keys(DEFAULT).filter((key) => String(state[key]) !== String(DEFAULT[key])).map((key) => `${key}=${encodeURI(state[key])}`);
  history.replaceState(null, "", words.length ? `#${words.join("&")}` : location.pathname);
  listeners.forEach((listener) => listener());
}

/** Reads the state from the address; what makes no sense there is left as it is by default. */
export function read() {
  const next = { ...DEFAULT };
  for (const word of location.hash.slice(1).split("&")) {
    const at = word.indexOf("=");
    const [key, text] = [word.slice(0, at), decodeURI(word.slice(at + 1))];
    if (!(key in DEFAULT)) continue;
    const kind = DEFAULT[key];
    if (Array.isArray(kind)) {
      const list = text.split(",").filter((item) => item !== "");
      if (key === "inputs") next.inputs = INPUTS.filter((input) => list.includes(input));
      else next.layers = list.map(Number).filter((n) => n >= 1 && n <= MOST_NEURONS && Number.isInteger(n)).slice(0, MOST_LAYERS);
    } else if (typeof kind === "number") {
      if (text !== "" && Number.isFinite(Number(text))) next[key] = Number(text);
    } else if (typeof kind === "boolean") next[key] = text === "true";
    else if (/^[a-z0-9_.:-]*$/i.test(text)) next[key] = text;
  }
  if (next.inputs.length === 0) next.inputs = DEFAULT.inputs;
  Object.assign(state, next);
  listeners.forEach((listener) => listener());
}

/** The state as the server takes it. */
export function settings() {
  const [kind, amount] = state.reg.split(":");
  return {
    data: { source: state.data, noise: state.noise / 100, test_share: state.test / 100, seed: state.seed },
    network: { inputs: state.inputs, layers: state.layers, activation: state.act, seed: state.net },
    training: { optimizer: state.opt, learning_rate: state.rate, batch_size: state.batch, regularization: kind, amount: Number(amount ?? 0), speed: state.speed },
    weights: state.weights,
  };
}
