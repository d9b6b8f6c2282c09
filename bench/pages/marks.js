// Runs in a page before anything else: notes what becomes of its peer connections, and when, in window.marks.

window.marks = [];
const mark = (text) => window.marks.push({ at: performance.timeOrigin + performance.now(), text });
const typeOf = ({ candidate }) => (candidate ? candidate.candidate.split(" ")[7] : "end");

const Connection = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Connection {
  constructor(...given) {
    super(...given);
    mark("new RTCPeerConnection");
    const on = (event, text) => this.addEventListener(event, (what) => mark(text(what)));
    on("icecandidate", (event) => `candidate: ${typeOf(event)}`);
    on("iceconnectionstatechange", () => `ICE ${this.iceConnectionState}`);
    on("connectionstatechange", () => `connection ${this.connectionState}`);
    on("datachannel", ({ channel }) => `channel ${channel.readyState}`);
  }

  createDataChannel(...given) {
    const channel = super.createDataChannel(...given);
    channel.addEventListener("open", () => mark("channel open"));
    return channel;
  }
};

const STEPS = ["Offer", "Answer"].map((name) => `create${name}`);
for (const side of ["Local", "Remote"]) STEPS.push(`set${side}Description`);
for (const name of [...STEPS, "addIceCandidate"]) {
  const method = Connection.prototype[name];
  Connection.prototype[name] = async function (...given) {
    const start = performance.now();
    const result = await method.apply(this, given);
    mark(`${name}, ${(performance.now() - start).toFixed(1)} ms`);
    return result;
  };
}
