// The studio's page: a file is uploaded, a job is asked for, jobs are watched. No library, no build step.
"use strict";

const BUSY = 1000, IDLE = 10000;  // ms between two looks at the jobs
const $ = id => document.getElementById(id);
const cards = new Map();  // job id -> what is shown of it
let kinds = [], upload = null, second = null, sending = 0, timer = 0;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

async function ask(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The studio does not answer. It tries again by itself; what was begun goes on.");
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error ?? `The studio answers ${answer.status}.`);
  return body;
}

const post = (address, body = {}) => ask(address, {
  method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(body),
});

function say(text) { $("say").textContent = text; }

function complain(error) {
  $("error").textContent = error ? error.message : "";
  $("error").hidden = !error;
}

// ---- a file comes in

function send(file, onProgress) {
  return new Promise((resolve, reject) => {
    const largest = Number(document.body.dataset.largest);
    if (file.size > largest)
      return reject(new Error(`${file.name} is too large: at most ${Math.floor(largest / 1048576)} MB are taken.`));
    const request = new XMLHttpRequest();  // fetch tells nothing of how far an upload is
    request.open("POST", "/uploads");
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = event => onProgress(event.loaded / event.total);
    request.onerror = () => reject(new Error(`${file.name} could not be sent: try again.`));
    request.onload = () => {
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { /* said below */ }
      if (request.status === 201) resolve(body);
      else reject(new Error(body?.error ?? `The studio answers ${request.status}.`));
    };
    request.send(file);
  });
}

async function bring(file) {
  if (!file) return;
  const mine = ++sending;
  upload = null;
  complain(null);
  $("brought").hidden = true;
  $("sent").hidden = false;
  $("sent").value = 0;
  show();
  say(`${file.name} is sent.`);
  try {
    const arrived = await send(file, share => { if (mine === sending) progress($("sent"), share); });
    if (mine !== sending) return;  // another has been chosen meanwhile
    upload = arrived;
    const size = `${upload.width} × ${upload.height}` + (upload.medium === "film" ? `, ${upload.seconds} s` : "");
    $("brought").querySelector("img").src = `/uploads/${upload.id}/preview.png`;
    $("brought").querySelector("img").alt = upload.medium === "film" ? "Its first frame" : "The picture";
    $("brought").querySelector("figcaption").textContent = `${upload.name}, ${size}`;
    $("brought").hidden = false;
    say(`${upload.name} is here: a ${upload.medium} of ${size}.`);
  } catch (error) {
    if (mine === sending) complain(error);
  }
  if (mine === sending) {
    $("sent").hidden = true;
    show();
  }
}

function progress(bar, share) {
  if (share === null || share >= 1) bar.removeAttribute("value");  // it is being looked into
  else bar.value = share;
}

// ---- what shall be done

const chosen = () => kinds.find(kind => kind.name === document.querySelector("#list input:checked")?.value);

function show() {
  $("kinds").hidden = $("kinds").disabled = !upload;
  for (const input of document.querySelectorAll("#list input")) {
    const kind = kinds.find(kind => kind.name === input.value);
    const fits = !upload || kind.media.includes(upload.medium);
    input.disabled = Boolean(kind.missing) || !fits;
    if (input.disabled) input.checked = false;
    input.parentElement.querySelector("small").textContent =
      kind.missing || (fits ? kind.about : `${kind.about} For ${kind.media.join(" and ")} only.`);
  }
  if (!chosen()) {
    const first = document.querySelector("#list input:enabled");
    if (first) first.checked = true;
    choices();
  }
  allow();
}

function allow() {
  const wantsOwn = chosen() && $("second") && !second;
  $("begin").disabled = !upload || !chosen() || Boolean(wantsOwn);
}

function list() {
  $("list").replaceChildren(...kinds.map(kind => make("label", {className: "kind"},
    make("input", {type: "radio", name: "kind", value: kind.name, onchange: () => { choices(); allow(); }}),
    make("b", {textContent: kind.title}), make("small"))));
  show();
}

function choices() {
  const kind = chosen();
  second = null;
  $("choices").replaceChildren(...(kind?.choices ?? []).map(choice => {
    const select = make("select", {name: choice.name, onchange: () => own(kind)},
      ...Object.entries(choice.answers).map(([value, text]) => make("option", {value, textContent: text})));
    if ("1e6" in choice.answers) select.value = "1e6";
    return make("label", {}, make("span", {textContent: choice.label}), select);
  }));
  own(kind);
}

function own(kind) {
  const wanted = [...document.querySelectorAll("#choices select")].some(select => select.value === "own");
  const label = $("second")?.closest("label");
  if (!wanted) { label?.remove(); second = null; }
  if (wanted && !label) {
    $("choices").append(make("label", {}, make("span", {textContent: `My own: ${kind.second}`}),
      make("input", {type: "file", id: "second", accept: "image/*", onchange: event => bringSecond(event.target)})));
  }
  allow();
}

async function bringSecond(input) {
  second = null;
  complain(null);
  allow();
  try {
    const arrived = input.files[0] && await send(input.files[0], () => {});
    if (input.isConnected) second = arrived ?? null;
    if (second) say(`${second.name} is here.`);
  } catch (error) { complain(error); }
  allow();
}

async function begin(event) {
  event.preventDefault();
  if ($("begin").disabled) return;
  $("begin").disabled = true;
  complain(null);
  const options = {};
  for (const select of document.querySelectorAll("#choices select")) options[select.name] = select.value;
  try {
    await post("/jobs", {kind: chosen().name, upload: upload.id, second: second?.id ?? null, options});
    say(`${chosen().title} of ${upload.name} is asked for.`);
    await look();
  } catch (error) { complain(error); }
  allow();
}

// ---- the jobs

async function look() {
  clearTimeout(timer);
  let busy = true;
  try {
    const jobs = await ask("/jobs");
    draw(jobs);
    busy = jobs.some(job => ["queued", "running"].includes(job.state));
    if (lost) { lost = false; complain(null); }
  } catch (error) {
    lost = true;
    complain(error);
  }
  clearTimeout(timer);
  timer = setTimeout(look, busy && !document.hidden ? BUSY : IDLE);
}
let lost = false;

function draw(jobs) {
  const there = new Set(jobs.map(job => job.id));
  for (const [id, card] of cards) if (!there.has(id)) { card.element.remove(); cards.delete(id); }
  let before = null;
  for (const job of jobs) {
    if (!cards.has(job.id)) cards.set(job.id, card(job));
    const mine = cards.get(job.id);
    update(mine, job);
    const wanted = before ? before.nextSibling : $("jobs").firstChild;
    if (wanted !== mine.element) $("jobs").insertBefore(mine.element, wanted);
    before = mine.element;
  }
  $("none").hidden = jobs.length > 0;
}

function card(job) {
  const kind = kinds.find(kind => kind.name === job.kind);
  const parts = {
    state: null, word: make("span", {className: "word"}), text: make("p", {className: "state"}),
    bar: make("progress", {max: 1}), results: make("div"), acts: make("p", {className: "acts"}),
  };
  parts.bar.setAttribute("aria-label", `${kind?.title ?? job.kind} of ${job.name}`);
  parts.element = make("li", {className: "job"},
    make("header", {}, make("h3", {textContent: `${kind?.title ?? job.kind}: ${job.name}`}), parts.word),
    parts.text, parts.bar, parts.results, parts.acts);
  parts.title = `${kind?.title ?? job.kind} of ${job.name}`;
  return parts;
}

function update(card, job) {
  card.text.textContent = words(job);
  card.bar.hidden = job.state !== "running";
  if (job.state === "running") progress(card.bar, job.total ? job.done / job.total : null);
  if (card.state === job.state) return;
  if (card.state !== null) {
    say(`${card.title} is ${job.state}. ${job.message}`);
    if (document.hidden && job.state === "done") document.title = "● The studio · artnb";
  }
  card.state = job.state;
  card.element.className = `job ${job.state}`;
  card.word.textContent = job.state;
  card.results.replaceChildren(...(job.results ? results(job) : []));
  const hadFocus = card.acts.contains(document.activeElement);
  card.acts.replaceChildren(...acts(card, job));
  if (hadFocus) card.acts.querySelector("button, a")?.focus();
}

function words(job) {
  if (job.state === "queued") {
    if (!job.ahead) return "Next in the queue.";
    return `In the queue: ${job.ahead} ${job.ahead === 1 ? "job is" : "jobs are"} before it.`;
  }
  if (job.state === "running") {
    const again = job.again ? "Begun again, for its worker was lost. " : "";
    if (!job.total) return again + (job.done ? `${job.done} done.` : "At work.");
    const share = `${Math.floor(100 * job.done / job.total)} %`;
    return again + share + (job.left === null ? "" : `, ${duration(job.left)} left`);
  }
  return job.message;
}

function duration(seconds) {
  if (seconds < 55) return `about ${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

function acts(card, job) {
  const button = (text, act) => make("button", {
    type: "button", textContent: text, ariaLabel: `${text}: ${card.title}`,
    onclick: async event => {
      event.target.disabled = true;
      try { complain(null); await act(); } catch (error) { complain(error); }
      event.target.disabled = false;
      await look();
    },
  });
  const all = [];
  if (job.results?.download) all.push(make("a", {
    className: "button", textContent: "Download", href: address(job, job.results.download) + "?download",
    ariaLabel: `Download: ${card.title}`,
  }));
  if (["queued", "running"].includes(job.state)) all.push(button("Cancel", () => post(`/jobs/${job.id}/cancel`)));
  else {
    if (job.state !== "done") all.push(button("Try again", () => post(`/jobs/${job.id}/retry`)));
    all.push(button("Remove", () => ask(`/jobs/${job.id}`, {method: "DELETE"})));
  }
  return all;
}

const address = (job, file) => `/jobs/${job.id}/results/${file}`;

function results(job) {
  const {panels, film, facts, notice} = job.results;
  const figures = panels.map(panel => compare(job, panel));
  if (film) figures.unshift(make("figure", {},
    make("video", {controls: true, preload: "metadata", src: address(job, film), poster: address(job, panels[0].after),
      ariaLabel: `${job.name}, converted`}),
    make("figcaption", {textContent: "The film, converted"})));
  const shown = [make("div", {className: "panels"}, ...figures)];
  if (facts.length) shown.push(make("dl", {}, ...facts.flatMap(([name, value]) =>
    [make("dt", {textContent: name}), make("dd", {textContent: value})])));
  if (notice) shown.push(make("p", {className: "note", textContent: notice}));
  return shown;
}

function compare(job, panel) {
  const box = make("div", {className: "compare"});
  const slider = make("input", {
    type: "range", min: 0, max: 100, value: 50, ariaLabel: `${panel.title}: left of the line before, right of it after`,
    oninput: () => box.style.setProperty("--at", `${slider.value}%`),
  });
  box.append(
    make("img", {className: "before", src: address(job, panel.before), alt: `${job.name}, before`}),
    make("img", {className: "after", src: address(job, panel.after), alt: `${job.name}, after`}),
    make("span", {className: "line"}), slider);
  return make("figure", {}, box, make("figcaption", {textContent: `${panel.title}: before | after`}));
}

// ---- everything begins

$("file").addEventListener("change", event => bring(event.target.files[0]));
$("form").addEventListener("submit", begin);
const drop = document.querySelector(".drop");
for (const name of ["dragover", "dragleave", "drop"]) drop.addEventListener(name, event => {
  event.preventDefault();
  drop.classList.toggle("over", name === "dragover");
  if (name === "drop") bring(event.dataTransfer.files[0]);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.title = "The studio · artnb";
  look();
});
ask("/kinds").then(found => { kinds = found; list(); look(); }, complain);
