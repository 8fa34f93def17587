// Draws the state that Python holds and tells Python what the annotator does; decides nothing.

const PATIENCE = 10_000; // ms until a kernel that does not answer is said not to
const KEPT = 8; // pictures

const PAGE = `
  <header><strong class="question"></strong><span class="by"></span></header>
  <div class="state">
    <progress aria-hidden="true"></progress>
    <span class="count" role="status"></span>
    <span class="saved" role="status"></span>
  </div>
  <figure><img hidden><p class="note" role="status" hidden></p></figure>
  <p class="others" hidden></p>
  <div class="answers"></div>
  <div class="moves"></div>
  <p class="hint">Click the image, or Tab to it, to use the keys.</p>`;

const MOVES = [
  { does: "back", shown: "Back", keys: ["ArrowLeft"], symbol: "←" },
  { does: "undo", shown: "Undo", keys: ["u", "Backspace"], symbol: "U" },
  { does: "skip", shown: "Skip", keys: ["s", " "], symbol: "S" },
  { does: "on", shown: "On", keys: ["ArrowRight"], symbol: "→" },
];

function render({ model, el, experimental }) {
  const root = document.createElement("section");
  root.className = "artnb-annotator";
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Annotator: ${model.get("question")}`);
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab then leaves every key to us
  root.innerHTML = PAGE;
  el.append(root);

  const part = (name) => root.querySelector(name);
  const doing = new Map(); // key -> what it does
  const buttons = new Map(); // label -> button
  let waiting = false; // for an answer of the kernel
  let turns = 0; // how often an image was looked for
  let seen = null; // id of the picture before the annotator's eyes

  function button(into, { shown, keys, symbol }, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.append(shown, Object.assign(document.createElement("kbd"), { textContent: symbol }));
    made.setAttribute("aria-keyshortcuts", keys.map((key) => (key === " " ? "Space" : key)).join(" "));
    made.addEventListener("click", (event) => {
      act();
      if (event.detail > 0) root.focus({ preventScroll: true }); // by mouse: back to the keys
    });
    keys.forEach((key) => doing.set(key, act));
    part(into).append(made);
    return made;
  }

  for (const { label, shown, keys } of model.get("answers")) {
    const symbol = keys.join(" ").toUpperCase();
    buttons.set(label, button(".answers", { shown, keys, symbol }, () => say(label)));
  }
  for (const { does, ...move } of MOVES) {
    button(".moves", move, does === "skip" ? () => say(null) : () => act(does));
  }

  const say = (label) => seen === model.get("state").image?.[0] && act("say", label); // never unseen
  const saved = (text) => Object.assign(part(".saved"), { textContent: text });

  async function act(does, label = null) {
    if (waiting) return;
    waiting = true;
    const slow = setTimeout(() => saved("saving …"), 200);
    try {
      const asked = { does, label, image: model.get("state").image };
      const [wrong] = await experimental.invoke("_act", asked, { signal: AbortSignal.timeout(PATIENCE) });
      if (wrong) saved(wrong);
    } catch {
      saved("not saved: the kernel does not answer. When it is back, run this cell again.");
    } finally {
      clearTimeout(slow);
      waiting = false;
    }
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = doing.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act || (event.key === " " && event.target.tagName === "BUTTON")) return; // space presses a button
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) act();
  });

  const pictures = new Map(); // id -> promise of the address of its bytes in this page
  const forget = (id) => {
    pictures.get(id)?.then(URL.revokeObjectURL, () => {});
    pictures.delete(id);
  };

  function picture(id) {
    if (!pictures.has(id)) {
      const signal = AbortSignal.timeout(3 * PATIENCE);
      const fetched = experimental.invoke("_picture", id, { signal }).then(([wrong, buffers]) => {
        if (wrong) throw new Error(wrong);
        return URL.createObjectURL(new Blob(buffers, { type: "image/jpeg" }));
      });
      pictures.set(id, fetched);
      fetched.catch(() => pictures.delete(id));
      if (pictures.size > KEPT) forget(pictures.keys().next().value);
    }
    return pictures.get(id);
  }

  async function look(state) {
    const id = state.image?.[0];
    const turn = ++turns;
    const present = () => turn === turns; // nothing was drawn since
    const [img, note] = [part("img"), part(".note")];
    const show = (text) => {
      img.hidden = text !== "";
      note.hidden = text === "";
      note.textContent = text;
    };
    if (id === undefined) {
      seen = null;
      show(finished(state));
    } else if (id !== seen) {
      root.setAttribute("aria-busy", "true");
      try {
        const address = await picture(id);
        if (!present()) return;
        img.src = address;
        await img.decode();
        if (!present()) return;
        show("");
      } catch (error) {
        if (!present()) return;
        const unanswered = error.name === "TimeoutError";
        show(unanswered ? "The kernel does not answer. Run this cell again." : `${error.message} – skip it`);
      }
      seen = id;
    }
    img.alt = `image ${state.place + 1} of ${state.total}`;
    root.setAttribute("aria-busy", "false");
    root.dataset.seen = seen ?? "";
    if (state.coming) picture(state.coming).catch(() => {});
  }

  function finished({ total, skipped, adjudicates }) {
    if (total === 0) return adjudicates ? "Annotators agree on every image." : "There are no images.";
    const all = adjudicates ? "Every disagreement is settled" : "Every image is labelled";
    return skipped ? `${all} but ${skipped} skipped. ← goes back.` : `${all}. ← goes back.`;
  }

  function draw() {
    const state = model.get("state");
    const { labelled, skipped, total } = state;
    part(".question").textContent = model.get("question");
    part(".by").textContent = [state.image?.[1], `${model.get("by")}${state.adjudicates ? " adjudicates" : ""}`]
      .filter(Boolean)
      .join(" · ");
    part(".others").hidden = state.others.length === 0;
    part(".others").textContent = state.others.join(" · ");
    Object.assign(part("progress"), { value: labelled + skipped, max: Math.max(total, 1) });
    part(".count").textContent = `${labelled} of ${total}` + (skipped ? ` · ${skipped} skipped` : "");
    for (const [label, made] of buttons) {
      made.setAttribute("aria-pressed", String(state.spoken && state.label === label));
    }
    root.dataset.skipped = state.spoken && state.label === null;
    saved(labelled + skipped ? "saved" : "");
    look(state);
  }

  model.on("change:state", draw);
  draw();
  return () => {
    model.off("change:state", draw);
    [...pictures.keys()].forEach(forget);
  };
}

export default { render };
