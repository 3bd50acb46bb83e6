// For a browser that is driven: `scriptRuns.busy()` says whether the page has asked for a run of the script that has
// not ended, or is about to ask for one, `scriptRuns.asked()` how many it has asked for. It reads the numbers of Streamlit's messages, and its page's short timers.
(() => {
  const RERUN = 11, NEW_SESSION = 4, SCRIPT_FINISHED = 6; // fields of BackMsg and ForwardMsg
  const IS_AUTO = 6; // of the state sent with a rerun: a part that looks by itself, unanswered if it is gone
  const LONGEST_MS = 400; // a slider, or a field that is typed in, tells the server within these
  const SILENT_MS = 30000; // a part that is gone is never answered: nothing said for so long is rest as well
  let last = SCRIPT_FINISHED, asked = 0, heard = 0;

  function* fields(bytes) {
    let at = 0;
    const varint = () => {
      let value = 0, weight = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * weight;
        weight *= 128;
      } while (byte & 128);
      return value;
    };
    while (at < bytes.length) {
      const tag = varint(), number = Math.floor(tag / 8), wire = tag % 8;
      if (wire === 0) yield [number, varint()];
      else {
        const length = wire === 2 ? varint() : wire === 1 ? 8 : 4;
        yield [number, bytes.subarray(at, (at += length))];
      }
    }
  }

  const asks = bytes =>
    [...fields(bytes)].some(
      ([number, state]) => number === RERUN && ![...fields(state)].some(([part, is]) => part === IS_AUTO && is),
    );
  const kind = bytes => [...fields(bytes)].find(([number]) => number > 2)?.[0]; // behind hash and metadata

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...of) {
      super(...of);
      last = SCRIPT_FINISHED;
      this.addEventListener("message", ({ data }) => {
        heard = performance.now();
        const now = data instanceof ArrayBuffer ? kind(new Uint8Array(data)) : 0;
        if (now === NEW_SESSION) last = now;
        else if (now === SCRIPT_FINISHED && last === NEW_SESSION) last = now; // not the end of an older run
      });
    }
    send(data) {
      if (data instanceof Uint8Array && asks(data)) {
        last = RERUN;
        asked += 1;
        heard = performance.now();
      }
      super.send(data);
    }
  };

  const pending = new Set(), start = window.setTimeout, stop = window.clearTimeout;
  window.setTimeout = (task, delay = 0, ...more) => {
    if (typeof task !== "function" || delay > LONGEST_MS) return start(task, delay, ...more);
    const id = start((...given) => (pending.delete(id), task(...given)), delay, ...more);
    pending.add(id);
    return id;
  };
  window.clearTimeout = id => {
    pending.delete(id);
    stop(id);
  };

  window.scriptRuns = {
    asked: () => asked,
    busy: () => (last !== SCRIPT_FINISHED || pending.size > 0) && performance.now() - heard < SILENT_MS,
  };
})();
