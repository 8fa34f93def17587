// Draws the controls and asks Python for the picture of what is chosen; computes nothing.

const PATIENCE = 60_000; // ms until a kernel that does not answer is said not to: large images take seconds

const SELECTS = {
  field: "Field",
  label: "Label",
  method: "Beside single",
  seed: "Seed",
  back: "Layer",
  own: "Maps explain",
  scaling: "Brightest colour",
};

const PAGE = `
  <div class="controls"></div>
  <div class="moves">
    <button type="button" class="back" aria-label="previous image" aria-keyshortcuts="ArrowLeft">←</button>
    <label>Image <input class="place" type="range" min="1" step="1" value="1"></label>
    <button type="button" class="on" aria-label="next image" aria-keyshortcuts="ArrowRight">→</button>
    <output class="count"></output>
    <label>Opacity <input class="opacity" type="range" min="0" max="1" step="0.05"></label>
    <output class="percent"></output>
  </div>
  <figure tabindex="0"><img alt=""></figure>
  <p class="note" role="status"></p>`;

function render({ model, el, experimental }) {
  const root = document.createElement("section");
  root.className = "artnb-explorer";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Explorer of maps");
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab then leaves every key to us
  root.innerHTML = PAGE;
  el.append(root);

  const part = (name) => root.querySelector(name);
  const [place, opacity, img, note] = [".place", ".opacity", "img", ".note"].map(part);
  const choices = model.get("choices");
  const selects = Object.fromEntries(Object.entries(SELECTS).map(([name, shown]) => [name, select(name, shown)]));
  let limit = null; // largest value of the maps that were drawn last
  let held = null;
  let drawing = false;
  let again = false; // something was chosen while a picture was being made
  let turns = 0;

  function select(name, shown) {
    const made = document.createElement("select");
    made.name = name;
    made.append(...choices[name].map(([, text], index) => new Option(text, index)));
    made.disabled = choices[name].length < 2;
    const label = document.createElement("label");
    label.append(shown, made);
    part(".controls").append(label);
    return made;
  }

  const value = (name) => choices[name][selects[name].value][0];

  function asked() {
    const chosen = Object.fromEntries(Object.keys(SELECTS).map((name) => [name, value(name)]));
    return { ...chosen, place: place.value - 1, opacity: Number(opacity.value), limit: held };
  }

  function count() {
    const images = model.get("images")[value("field")][value("label")];
    place.max = Math.max(images, 1); // the browser keeps the value within it
    place.disabled = images < 2;
    part(".count").textContent = images ? `${place.value} of ${images}` : "no image";
    part(".percent").textContent = `${Math.round(100 * opacity.value)} %`;
    part(".back").disabled = Number(place.value) <= 1;
    part(".on").disabled = Number(place.value) >= images;
  }

  function move(step) {
    place.value = Number(place.value) + step; // and here too
    draw();
  }

  async function draw() {
    count();
    again = drawing;
    if (drawing) return;
    drawing = true;
    root.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => (note.textContent = "looking …"), 300);
    try {
      const [answer, buffers] = await experimental.invoke("_draw", asked(), {
        signal: AbortSignal.timeout(PATIENCE),
      });
      clearTimeout(slow);
      img.hidden = answer.wrong !== "";
      note.textContent = answer.wrong;
      if (!answer.wrong) {
        URL.revokeObjectURL(img.src);
        img.src = URL.createObjectURL(new Blob(buffers, { type: "image/png" }));
        img.alt = answer.said;
        limit = answer.limit;
        await img.decode();
      }
    } catch {
      note.textContent = "The kernel does not answer. When it is back, run this cell again.";
    } finally {
      clearTimeout(slow);
      drawing = false;
      root.setAttribute("aria-busy", "false");
      root.dataset.drawn = ++turns;
    }
    if (again) draw();
  }

  for (const [name, made] of Object.entries(selects)) {
    made.addEventListener("change", () => {
      if (name === "field" || name === "label") place.value = 1;
      if (name === "scaling") held = value("scaling") === "held" ? limit : null;
      draw();
    });
  }
  place.addEventListener("input", draw);
  opacity.addEventListener("input", draw);
  part(".back").addEventListener("click", () => move(-1));
  part(".on").addEventListener("click", () => move(1));
  root.addEventListener("keydown", (event) => {
    event.stopPropagation();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    if (["INPUT", "SELECT"].includes(event.target.tagName)) return; // these have arrows of their own
    event.preventDefault();
    move(step);
  });

  opacity.value = model.get("opacity");
  draw();
  return () => URL.revokeObjectURL(img.src);
}

export default { render };
