// The handshake as each role walks it. Data only: what a step is called, and what it is for.

/** @typedef {"host" | "guest"} Role */
/**
 * @typedef {"create-room" | "join-room" | "create-offer" | "post-offer" | "fetch-offer" |
 *   "create-answer" | "post-answer" | "fetch-answer" | "send-candidates" | "fetch-candidates" |
 *   "open-channel" | "close-room"} StepId
 */
/**
 * @typedef {object} Step
 * @property {StepId} id
 * @property {string} action the name of its button
 * @property {string} why
 * @property {StepId} [after] what must be done before; nothing for the first
 * @property {boolean} [again] whether it may be done more than once
 */

/** @type {Record<Role, Step[]>} */
export const STEPS = {
  host: [
    {
      id: "create-room",
      action: "Create room",
      why: "The server makes up a room and a join code.",
    },
    {
      id: "create-offer",
      action: "Create offer",
      why: "This browser says how it can be reached.",
      after: "create-room",
    },
    {
      id: "post-offer",
      action: "Post offer",
      why: "The server keeps it for the guest.",
      after: "create-offer",
    },
    {
      id: "send-candidates",
      action: "Send candidates",
      why: "Addresses where we may be reached.",
      after: "create-offer",
      again: true,
    },
    {
      id: "fetch-answer",
      action: "Fetch answer",
      why: "The guest's reply, applied here.",
      after: "post-offer",
    },
    {
      id: "fetch-candidates",
      action: "Fetch candidates",
      why: "Addresses to try for the guest.",
      after: "fetch-answer",
      again: true,
    },
    {
      id: "open-channel",
      action: "Open channel",
      why: "ICE finds a way, and talk is direct.",
      after: "fetch-answer",
      again: true,
    },
    {
      id: "close-room",
      action: "Close room",
      why: "The server forgets it; the peers part.",
      after: "create-room",
    },
  ],
  guest: [
    { id: "join-room", action: "Join room", why: "The join code buys a token. It works once." },
    {
      id: "fetch-offer",
      action: "Fetch offer",
      why: "How the host's browser can be reached.",
      after: "join-room",
    },
    {
      id: "create-answer",
      action: "Create answer",
      why: "This browser agrees to the offer.",
      after: "fetch-offer",
    },
    {
      id: "post-answer",
      action: "Post answer",
      why: "The server keeps it; the room is paired.",
      after: "create-answer",
    },
    {
      id: "send-candidates",
      action: "Send candidates",
      why: "Addresses where we may be reached.",
      after: "create-answer",
      again: true,
    },
    {
      id: "fetch-candidates",
      action: "Fetch candidates",
      why: "Addresses to try for the host.",
      after: "post-answer",
      again: true,
    },
    {
      id: "open-channel",
      action: "Open channel",
      why: "ICE finds a way, and talk is direct.",
      after: "post-answer",
      again: true,
    },
    {
      id: "close-room",
      action: "Leave",
      why: "The room is the host's to close.",
      after: "join-room",
    },
  ],
};
