// @ts-check
// What is done to many customers at once: begun, followed while it goes on, taken back.
import { useEffect, useState } from "./preact.js";
import { api } from "./api.js";
import { plural } from "./format.js";
import { toast } from "./components/toast.js";

/** @typedef {import("./types.js").Task} Task */
/** How often a task that goes on is looked at. */
const EVERY = 700;

/** Those that go on. @type {Map<string, Task>} */
const open = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();
let timer = 0;

function tell() {
  for (const f of listeners) f();
}

/** What a task did, or does. @param {Task} t @param {number} [n] of how many it is said */
export function taskWords(t, n = t.state === "running" ? t.total : t.changed) {
  const going = t.state === "running";
  const who = plural(n, "customer");
  switch (t.action) {
    case "join_list": return `${going ? "Adding" : "Added"} ${who} to “${t.list?.title}”`;
    case "leave_list": return `${going ? "Taking" : "Took"} ${who} off “${t.list?.title}”`;
    case "archive": return `${going ? "Archiving" : "Archived"} ${who}`;
    case "unarchive": return `${going ? "Bringing" : "Brought"} ${who} back from the archive`;
    case "delete": return `${going ? "Deleting" : "Deleted"} ${who}`;
    case "join_account": return `${going ? "Adding" : "Added"} ${who} to the account ${t.into}`;
    case "leave_account": return `${going ? "Taking" : "Took"} ${who} out of the account ${t.into}`;
    case "merge": return `Merged ${who} into ${t.into || "another"}`;
    default: return t.value === undefined ? `${going ? "Removing" : "Removed"} ${t.attribute} from ${who}` : `${going ? "Setting" : "Set"} ${t.attribute} for ${who}`;
  }
}

/** What an undo did. @param {Task} t */
function undoneWords(t) {
  return `Undone for ${plural(t.restored, "customer")}${t.kept ? `; ${plural(t.kept, "customer")} changed since and stayed` : ""}.`;
}

/** @param {Task} t */
function over(t) {
  if (t.state === "undone") toast(undoneWords(t), { good: true });
  else if (t.error) toast(`Stopped after ${plural(t.done, "customer")}: ${t.error}`);
  else if (t.changed === 0) toast("Nothing had to change.");
  else toast(`${taskWords(t)}.`, { good: true, ...(t.undoable ? { action: "Undo", act: () => void undo(t.id) } : {}) });
}

/** Says that a task is over, or follows it until it is. @param {Task} t */
function take(t) {
  if (t.state !== "running" && t.state !== "undoing") {
    open.delete(t.id);
    over(t);
  } else {
    open.set(t.id, t);
    if (!timer) timer = window.setTimeout(look, EVERY);
  }
  tell();
}

async function look() {
  timer = 0;
  for (const id of [...open.keys()]) {
    try {
      take(await api.task(id));
    } catch {
      // the next look asks again
    }
  }
  if (open.size && !timer) timer = window.setTimeout(look, EVERY);
}

/** Begins a task; its end is said in the corner. @param {object} body @returns {Promise<Task>} */
export async function start(body) {
  const t = await api.startTask(body);
  take(t);
  return t;
}

/** @param {string} id */
export async function undo(id) {
  try {
    take(await api.undoTask(id));
  } catch (e) {
    toast(`Not undone: ${/** @type {Error} */ (e).message}`);
  }
}

/** @param {string} id */
export async function stop(id) {
  try {
    take(await api.stopTask(id));
  } catch (e) {
    toast(`Not stopped: ${/** @type {Error} */ (e).message}`);
  }
}

/** The tasks that go on, also those that were begun elsewhere. @returns {Task[]} */
export function useTasks() {
  const [, redraw] = useState({});
  useEffect(() => {
    const again = () => redraw({});
    listeners.add(again);
    void api.tasks({ open: true }).then((page) => page.data.forEach((t) => open.has(t.id) || take(t)), () => {});
    return () => void listeners.delete(again);
  }, []);
  return [...open.values()];
}

/** Calls f whenever a task moves on or ends. @param {() => void} f */
export function useTaskMoves(f) {
  useEffect(() => {
    listeners.add(f);
    return () => void listeners.delete(f);
  }, [f]);
}
