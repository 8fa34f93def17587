// Leaves the studio's keys to its controls: JupyterLab would go to another cell at an arrow.

function render({ el }) {
  const keep = () => {
    const root = el.closest(".artnb-studio");
    if (!root) return requestAnimationFrame(keep); // not yet in the page
    root.dataset.lmSuppressShortcuts = "true";
    root.addEventListener("keydown", (event) => event.stopPropagation());
  };
  keep();
}

export default { render };
