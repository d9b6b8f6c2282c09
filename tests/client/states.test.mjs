// The state machine: which way it may go, and what every call does in every state.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConnectionState,
  NetworkError,
  StateError,
  StateManager,
} from "../../client/registry/dist/index.js";
import { rejection, settled, World } from "./helpers.mjs";

const STATES = Object.values(ConnectionState);

/** All there are, written down by hand: what the table in the code says is checked against it. */
const WAYS = {
  idle: ["idle", "creating", "joining"],
  creating: ["idle", "created", "error"],
  created: ["idle", "connecting", "error"],
  joining: ["idle", "joined", "error"],
  joined: ["idle", "connecting", "error"],
  connecting: ["idle", "created", "joined", "connected", "disconnected", "error"],
  connected: ["idle", "disconnected", "error"],
  disconnected: ["idle", "connecting", "connected", "error"],
  error: ["idle", "error"],
};

/** How each state is come to. */
const PATHS = {
  idle: [],
  creating: ["creating"],
  created: ["creating", "created"],
  joining: ["joining"],
  joined: ["joining", "joined"],
  connecting: ["creating", "created", "connecting"],
  connected: ["creating", "created", "connecting", "connected"],
  disconnected: ["creating", "created", "connecting", "connected", "disconnected"],
  error: ["creating", "error"],
};

test("the states are those of the specification", () => {
  assert.deepEqual(
    Object.keys(ConnectionState),
    STATES.map((state) => state.toUpperCase()),
  );
  assert.deepEqual(
    STATES,
    Object.keys(WAYS).toSorted((a, b) => STATES.indexOf(a) - STATES.indexOf(b)),
  );
});

for (const from of STATES)
  for (const to of STATES) {
    const allowed = WAYS[from].includes(to);
    test(`${from} may ${allowed ? "" : "not "}become ${to}`, () => {
      const manager = new StateManager();
      for (const state of PATHS[from]) manager.setState(state);
      if (allowed) manager.setState(to);
      else assert.throws(() => manager.setState(to), StateError);
      assert.equal(manager.getState(), allowed ? to : from);
    });
  }

test("reset forgets everything", () => {
  const manager = new StateManager();
  manager.setState(ConnectionState.CREATING);
  manager.setRoomInfo({});
  manager.setPeerConnection({});
  manager.setDataChannel({});
  manager.reset();
  const { IDLE } = ConnectionState;
  const left = [manager.getState(), manager.getRoomInfo(), manager.getPeerConnection()];
  assert.deepEqual([...left, manager.getDataChannel()], [IDLE, null, null, null]);
});

/** A client brought to a state, in a world of its own. */
async function clientIn(state) {
  const world = new World();
  if (state === "joining" || state === "joined") {
    const host = world.client();
    const code = await host.createRoom("Alice");
    const guest = world.client();
    if (state === "joining") guest.calls.interfere = () => new Promise(() => {});
    const joined = guest.joinRoom(code, host.getRoomInfo().joinCode, "Bob");
    if (state === "joined") await joined;
    else joined.catch(() => {});
    await settled();
    return guest;
  }
  if (state === "connected" || state === "disconnected") {
    const { host } = await world.connected();
    if (state === "disconnected") world.network.report("disconnected");
    return host;
  }
  const host = world.client();
  if (state === "idle") return host;
  if (state === "creating") host.calls.interfere = () => new Promise(() => {});
  if (state === "error") host.calls.interfere = () => Promise.reject(new NetworkError("network"));
  const created = host.createRoom("Alice");
  created.catch(() => {});
  await settled();
  host.calls.interfere = () => {};
  if (state === "connecting") host.startConnection().catch(() => {});
  await settled();
  return host;
}

const CALLS = {
  createRoom: [["idle", "error"], (client) => client.createRoom("Alice")],
  joinRoom: [["idle", "error"], (client) => client.joinRoom("ROOM0001", "100001", "Bob")],
  startConnection: [["created", "joined"], (client) => client.startConnection()],
  sendMessage: [["connected"], async (client) => client.sendMessage("ping")],
};

for (const state of STATES) {
  test(`a client comes to ${state}`, async () => {
    const client = await clientIn(state);
    assert.equal(client.getConnectionState(), state);
    await client.closeRoom();
    assert.equal(client.getConnectionState(), "idle");
    await client.closeRoom();
  });

  for (const [name, [allowed, call]] of Object.entries(CALLS))
    if (!allowed.includes(state))
      test(`${name} while ${state} is a StateError, told too, and changes nothing`, async () => {
        const client = await clientIn(state);
        client.states.length = client.errors.length = 0;
        const error = await rejection(call(client));
        assert.ok(error instanceof StateError);
        assert.equal(error.code, "bad_state");
        assert.match(error.message, new RegExp(state));
        assert.deepEqual([client.states, client.errors], [[], [error]]);
        await client.closeRoom();
      });
    else if (name !== "startConnection")
      test(`${name} while ${state} is no StateError`, async () => {
        const client = await clientIn(state);
        const error = await call(client).catch((error) => error);
        assert.ok(!(error instanceof StateError));
        await client.closeRoom();
      });
}
