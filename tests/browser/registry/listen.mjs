/**
 * Makes an HTTP server listen on a free port of this machine. `stop` cuts what is still open.
 * @param {import("node:http").Server} server
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
          const closed = new Promise((done) => server.close(done));
          server.closeAllConnections();
          return closed;
        },
      }),
    );
  });
}
