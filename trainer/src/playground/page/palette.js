// The colors of all pictures of thumbnet (Okabe and Ito 2008), on the paper of the page's theme.

import { state, onChange } from "./state.js";

export const COLORS = {
  blue: [0, 114, 178],
  orange: [230, 159, 0],
};

const listeners = [];
let current = null;

/** Calls `listener` whenever the theme has changed. */
export function onTheme(listener) {
  listeners.push(listener);
}

let taken = null;

function take() {
  document.documentElement.style.colorScheme = state.theme === "auto" ? "light dark" : state.theme;
  current = null;
  listeners.forEach((listener) => listener());
}

/** Whether the page is dark, by choice or by the system's. */
export const isDark = () => state.theme === "dark" || (state.theme !== "light" && dark.matches);

const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", take);
onChange(() => {
  if (taken === state.theme) return;
  taken = state.theme;
  take();
});

/** The theme's colors: `paper`, `ink`, `muted`, `pale` as CSS, and `diverging`, one 32-bit pixel for each of 256 bytes. */
export function theme() {
  if (current) return current;
  const color = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const paper = color("paper");
  const [red, green, blue] = paper.match(/[\d.]+/g).map(Number);
  const mix = (to, share) => [red, green, blue].map((from, k) => Math.round(from + (to[k] - from) * share));
  const diverging = new Uint32Array(256);
  const discrete = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const value = byte < 128 ? byte : byte - 256; // -127..=127
    const side = value < 0 ? COLORS.orange : COLORS.blue;
    const pixel = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;
    diverging[byte] = pixel(mix(side, Math.min(1, Math.abs(value) / 127) * 0.92));
    discrete[byte] = pixel(mix(side, 0.75));
  }
  current = { paper, ink: color("ink"), muted: color("muted"), pale: color("pale"), blue: color("blue"), orange: color("orange"), vermilion: color("vermilion"), points: [color("point-orange"), color("point-blue")], diverging, discrete };
  return current;
}

/** The color of a signed value in -1..1, at full strength from the sides. */
export function side(value) {
  return value < 0 ? theme().orange : theme().blue;
}
