// Leaves the studio's keys to its controls: JupyterLab would move on to another cell at an arrow.

function render({ el }) {
  const mark = () => {
    const root = el.closest(".artnb-studio");
    if (root) root.dataset.lmSuppressShortcuts = "true";
    else requestAnimationFrame(mark); // not yet in the page
  };
  mark();
}

export default { render };
