// Sends a file to Python in pieces, each small enough for a server's messages; what Python says is shown there.

const PIECE = 4_000_000; // bytes
const PATIENCE = 60_000; // ms until a kernel that does not answer is said not to

function render({ model, el, experimental }) {
  const label = document.createElement("label");
  label.className = "artnb-upload";
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/*";
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  label.append(model.get("description"), input, note);
  el.append(label);

  async function send(file) {
    for (let start = 0; start === 0 || start < file.size; start += PIECE) {
      const piece = await file.slice(start, start + PIECE).arrayBuffer();
      const about = { name: file.name, start, size: file.size };
      const signal = AbortSignal.timeout(PATIENCE);
      const [goOn] = await experimental.invoke("_take", about, { buffers: [new DataView(piece)], signal });
      if (!goOn) return;
    }
  }

  const allow = () => (input.disabled = model.get("disabled"));
  model.on("change:disabled", allow);
  allow();
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    note.textContent = "";
    try {
      await send(file);
    } catch {
      note.textContent = "The kernel does not answer. When it is back, choose the file again.";
    } finally {
      input.value = ""; // so that the same file can come again
    }
  });
  return () => model.off("change:disabled", allow);
}

export default { render };
