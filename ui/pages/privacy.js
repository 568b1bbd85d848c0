// @ts-check
import { html, useState } from "../preact.js";
import { api } from "../api.js";
import { plural } from "../format.js";
import { useResource } from "../resource.js";
import { Icon } from "../components/icon.js";
import { Settings } from "../components/settings.js";
import { toast } from "../components/toast.js";
import { Trouble } from "../components/trouble.js";

/** Who was erased on request, as far as that can be known: an id, an e-mail or a number can be asked for. @param {{session: import("../types.js").Session}} props */
export function Privacy({ session }) {
  const marks = useResource("erasures", api.erasures);
  const [who, setWho] = useState("");
  const [answer, setAnswer] = useState(/** @type {{who: string, erased: boolean}|null} */ (null));
  const [error, setError] = useState(/** @type {{doing: string, error: any}|null} */ (null));
  const check = async (/** @type {SubmitEvent} */ e) => {
    e.preventDefault();
    setError(null);
    try {
      setAnswer({ who: who.trim(), ...(await api.isErased(who)) });
    } catch (error) {
      setError({ doing: "look for the mark", error });
    }
  };
  const lift = async () => {
    setError(null);
    try {
      await api.liftErasure(answer?.who ?? "");
      toast("They may be made again: by the API, a file or an event.", { good: true });
      setAnswer(null);
      setWho("");
      void marks.reload();
    } catch (error) {
      setError({ doing: "take the mark away", error });
    }
  };
  const n = marks.data?.marks;
  return html`<${Settings} session=${session} at="/app/settings/privacy" line=${[n === undefined ? html`<span class="faint">Reading…</span>` : n ? html`<b>${plural(n, "mark")}</b> of people who were erased` : "nobody was erased yet"]}>
    ${marks.error ? html`<${Trouble} error=${marks.error} doing="count the marks" retry=${marks.reload} />` : null}
    ${error ? html`<${Trouble} error=${error.error} doing=${error.doing} />` : null}
    <section class="panel" aria-label="Was somebody erased?"><div class="panel-head"><h2>Was somebody erased?</h2></div><div class="connect-body">
      <p>Of whom is erased, Kith keeps a salted fingerprint of each id, e-mail and number, so that neither a file nor an event brings them back unasked. It cannot list them; it can say whether one you type is among them.</p>
      <form class="ask-who" onSubmit=${check}><label class="field search"><${Icon} name="search" /><span class="hidden">An id, an e-mail or a number</span><input value=${who} onInput=${(/** @type {any} */ e) => { setWho(e.target.value); setAnswer(null); }} placeholder="an id, an e-mail or a number" required autocomplete="off" spellcheck=${false} /></label><button class="button">Look</button></form>
      ${answer ? answer.erased
        ? html`<div class="warning" role="status"><${Icon} name="alert" /><div><p><b>Erased on request.</b> Whatever names <code>${answer.who}</code> is refused, and an import's report says so. Take the mark away only if they asked to be back.</p><p><button type="button" class="button" onClick=${lift}>They asked to be back</button></p></div></div>`
        : html`<p role="status" class="quiet"><code>${answer.who}</code> is no mark of an erased person.</p>` : null}
    </div></section>
    <section class="panel" aria-label="What a person may ask for"><div class="panel-head"><h2>What a person may ask for</h2></div><div class="connect-body">
      <p><b>Everything you keep about them.</b> Their page has it as a dossier; so has <code>GET /v1/users/UID/dossier</code>.</p>
      <p><b>To be erased.</b> Their page, or <code>DELETE /v1/users/UID?erase=true</code>: gone from every table and file, the logs and the next backup. Older backups hold them until those are gone.</p>
      <p><b>To be back.</b> Here, or with <code>?lift_erasure=true</code> behind the call that makes them again.</p>
    </div></section>
  </${Settings}>`;
}
