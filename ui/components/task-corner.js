// @ts-check
import { html } from "../preact.js";
import { count, percent } from "../format.js";
import { stop, taskWords, useTasks } from "../tasks.js";
import { Icon } from "./icon.js";

/** The long work that goes on, wherever one is. It can be left, and found again here. */
export function TaskCorner() {
  const tasks = useTasks();
  if (tasks.length === 0) return null;
  return html`<section class="corner" aria-label="Work that goes on">${tasks.map((t) => {
    const undoing = t.state === "undoing";
    const [done, all] = undoing ? [t.restored + t.kept, t.changed] : [t.done, t.total];
    return html`<div class="corner-task" key=${t.id}>
      <span class="corner-line"><span class="cut">${undoing ? `Undoing: ${taskWords(t).replace(/^./, (c) => c.toLowerCase())}` : taskWords(t)}</span>
        ${undoing ? null : html`<button type="button" class="button bare small" onClick=${() => void stop(t.id)}>Stop</button>`}
        <a class="button bare small square" href="/app/changes" aria-label="All changes"><${Icon} name="right" tiny=${true} /></a></span>
      <progress max=${all} value=${done} aria-label=${taskWords(t)}></progress>
      <span class="small quiet">${count(done)} of ${count(all)}, ${percent(done / Math.max(1, all))}</span></div>`;
  })}</section>`;
}
