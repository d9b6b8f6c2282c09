// What a walk amounts to: its state in a word and in words, and how each of its steps stands. Nothing
// here touches the page.

import { STEPS } from "./steps.js";

/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./steps.js").StepId} StepId */
/** @typedef {import("./walk.js").Walk} Walk */
/** @typedef {import("./steps-view.js").StepLook} StepLook */

/** @param {Walk | null} walk @returns {[state: string, words: string]} */
export function overall(walk) {
  if (!walk?.mode) return ["idle", "Not begun"];
  const { facts, role, clientState } = walk;
  const host = role === "host";
  const connection = walk.watch?.connectionState;
  if (walk.over) return ["closed", host ? "The room is closed" : "You have left"];
  if (walk.left) return ["disconnected", "The other side has left"];
  if (connection === "disconnected" || clientState === "disconnected")
    return ["disconnected", clientState ? "Connection lost, trying again" : "Connection lost"];
  if (walk.channelOpen) return ["connected", `Connected to ${other(walk)}`];
  if (connection === "failed" || clientState === "error") return ["failed", "Not connected"];
  if (facts.room?.status === "gone") return ["failed", "The room is gone"];
  if (!facts.room) return walk.failed ? ["idle", "Not begun"] : ["waiting", "Asking the server"];
  if (walk.watch && facts.done.has(host ? "fetch-answer" : "create-answer"))
    return ["connecting", "Connecting"];
  if (!host) return ["waiting", "In the room"];
  const open = facts.room.status === "open";
  return ["waiting", open ? "Waiting for the guest" : "The guest is in the room"];
}

/** What to call the other side. @param {Walk} walk */
export function other({ otherName, role }) {
  return otherName || (role === "host" ? "the guest" : "the host");
}

/**
 * @param {Walk | null} walk nothing has been done yet without one
 * @param {Step} step
 * @param {boolean} stuck whether there is a problem
 * @returns {StepLook}
 */
export function lookOf(walk, step, stuck) {
  const { id, after } = step;
  if (!walk) return { state: after ? "todo" : "next", note: "", enabled: !after };
  const note = noteOf(walk, id);
  return { state: stateOf(walk, id, stuck), note, enabled: isEnabled(walk, step) };
}

/** @param {Walk} walk @param {StepId} id */
function noteOf(walk, id) {
  const note = walk.notes.get(id) ?? walk.facts.done.get(id);
  if (note === undefined) return isSkipped(walk, id) ? "was not needed" : "";
  return unsent(walk, id) > 0 ? `${note}, ${unsent(walk, id)} more to send` : note;
}

/** @param {Walk} walk @param {StepId} id @param {boolean} stuck @returns {StepLook["state"]} */
function stateOf(walk, id, stuck) {
  if (walk.failed === id) return "failed";
  if (walk.running.has(id)) return "running";
  if (walk.facts.done.has(id)) return "done";
  if (isSkipped(walk, id)) return "skipped";
  if (walk.over || id !== nextStep(walk)) return "todo";
  if (walk.mode !== "all") return "next";
  return id === "close-room" || stuck ? "todo" : "running";
}

/** @param {Walk} walk @param {StepId} id */
function isSkipped(walk, id) {
  return (walk.channelOpen || walk.left) && id !== "close-room" && !walk.facts.done.has(id);
}

/** @param {Walk} walk */
function nextStep({ role, facts, running }) {
  return STEPS[role].find(({ id }) => !facts.done.has(id) && !running.has(id))?.id;
}

/** How many candidates that step has yet to send. @param {Walk} walk @param {StepId} id */
function unsent(walk, id) {
  return id === "send-candidates" && walk.facts.done.has(id) ? walk.unsent.length : 0;
}

/** @param {Walk} walk @param {Step} step */
function isEnabled(walk, { id, after, again }) {
  const { facts, running, mode, left } = walk;
  const done = facts.done.has(id);
  if (!facts.room) return !after && running.size === 0 && mode !== "all";
  if (walk.over || running.has(id)) return false;
  if (mode === "all" || left) return id === "close-room";
  if (done && !again) return false;
  if (done && id === "send-candidates") return unsent(walk, id) > 0;
  return !after || (facts.done.has(after) && !running.has(after));
}
