// @ts-check

/**
 * Whether a session's role may do what is called so (see abilities in app/admin/roles.go):
 * "build" customers, lists, imports, integrations, keys; "plan" segments and the team;
 * "run" the server; "own" it. The server asks again; this only spares dead ends.
 * @param {import("./types.js").Session} session
 * @param {string|undefined} what
 */
export const can = (session, what) => !what || session.can.includes(what);
