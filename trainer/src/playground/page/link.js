// The line to the server: requests as JSON, answers as a JSON object with bytes after it.

const handlers = new Map();
let socket = null;
let onOpen = () => {};
let onLost = () => {};

/** Calls `handler(head, bytes)` for each answer of this kind. */
export function on(kind, handler) {
  handlers.set(kind, handler);
}

/** Connects, and again after the line was lost; `opened` is called each time, `lost` when nobody answers. */
export function connect(opened, lost) {
  [onOpen, onLost] = [opened, lost];
  open();
}

function open() {
  socket = new WebSocket(`ws://${location.host}/socket`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => onOpen();
  socket.onmessage = ({ data }) => {
    const length = new DataView(data).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
    handlers.get(head.kind)?.(head, new Uint8Array(data, 4 + length));
  };
  socket.onclose = () => {
    onLost();
    setTimeout(open, 1000);
  };
}

/** Asks for something, with what it needs; without a line it is forgotten, since all is asked anew on the next one. */
export function send(word, needs) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(needs ? { [word]: needs } : word));
}
