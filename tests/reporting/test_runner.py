"""The runner against notebooks that really fail: in a cell, with their kernel, without end."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from miniature import new_home, write_notebook

from artnb.errors import ReportError
from artnb.reporting import runner
from artnb.reporting.status import State, Status

START = "from artnb.reporting import Page\npage = Page(output)"
GOOD = """
import pandas as pd
from matplotlib.figure import Figure
figure = Figure(); figure.subplots().plot([0, 1])
page.figure("curve", figure, "A rising curve.")
page.table("counts", pd.DataFrame({"field": ["garden"], "images": [12]}), "Counts.")
page.facts(data_fingerprint="abc123")
page.summary("The curve **rises**.")
"""
BAR = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): print('step')"
FOREVER = """
import os, pathlib
pathlib.Path(output).mkdir()
pathlib.Path(output, "pid").write_text(str(os.getpid()))
while True: pass
"""


class Addresses(HTMLParser):
    """The addresses that a page makes a browser fetch."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        styles = " ".join(re.findall(r"<style.*?</style>", html, flags=re.DOTALL))
        self.found += re.findall(r"url\(['\"]?([^)'\"]+)", styles) + re.findall(r"@import[^;]+", styles)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in {"src", "srcset", "poster"} or (tag == "link" and name == "href"):
                self.found.append(value)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One report of three notebooks, two of which fail, run from a folder that is not the checkout."""
    home = new_home(tmp_path_factory.mktemp("checkout"), "epochs: 5\n")
    results = "page.results(epochs=epochs, rate=learning_rate)"
    write_notebook(home, "01-good", START, "## Part one", GOOD, BAR, results)
    write_notebook(
        home, "02-failing", START, GOOD, "## The fault", "raise ValueError('no <such> image')", results
    )
    write_notebook(home, "03-killed", "print(1)", "## Ends itself", "import os\nos._exit(7)", "print(2)")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "json.py").write_text("raise ImportError('the wrong json')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARTNB_HOME", str(home))
        patch.chdir(elsewhere)
        status = runner.report("reports/demo", parameters={"learning_rate": 1})
    return status, elsewhere / "reports" / "demo"


def test_a_preset_chooses_notebooks(tmp_path, monkeypatch):
    home = new_home(tmp_path, "notebooks: [02-second]\nepochs: 5\n")
    monkeypatch.setenv("ARTNB_HOME", str(home))
    for name in ("01-first", "02-second"):
        write_notebook(home, name, START, "page.results(epochs=epochs)")
    status = runner.report(tmp_path / "report")
    assert [notebook.name for notebook in status.notebooks] == ["02-second"]
    assert json.loads((tmp_path / "report" / "02-second" / "results.json").read_text()) == {"epochs": 5}
    for chosen, said in (
        ("[03-third]", "03-third.ipynb: there is no such"),
        ("02-second", "give a list of names"),
    ):
        (home / "notebooks" / "parameters" / "demo.yml").write_text(f"notebooks: {chosen}")
        with pytest.raises(ReportError, match=said):
            runner.report(tmp_path / "report")


def test_status_says_what_really_happened(made):
    status, folder = made
    assert [notebook.state for notebook in status.notebooks] == ["done", "failed", "failed"]
    assert status.state == "failed"
    written = json.loads((folder / "status.json").read_text())
    assert [notebook["state"] for notebook in written["notebooks"]] == ["done", "failed", "failed"]
    assert written["versions"]["python"]
    assert written["seconds"] > 0
    assert all(notebook["attempts"] == 1 for notebook in written["notebooks"])


def test_errors_say_what_and_where(made):
    good, failing, killed = made[0].notebooks
    assert good.error is None
    assert failing.error.message == "ValueError: no <such> image"
    assert "Traceback" in failing.error.traceback
    assert "\x1b" not in failing.error.traceback
    assert "kernel died" in killed.error.message
    assert [failing.error.heading, killed.error.heading] == ["The fault", "Ends itself"]


def test_a_cell_without_end_is_stopped_at_its_time(home, tmp_path):
    write_notebook(home, "01-endless", "print(1)", "## Never ends", "while True: pass", "print(2)")
    [notebook] = runner.report(tmp_path, cell_timeout=2).notebooks
    assert notebook.state == "failed"
    assert "longer than 2 s" in notebook.error.message
    assert notebook.error.heading == "Never ends"


def test_a_failed_notebook_leaves_what_it_had_shown(made):
    _, folder = made
    assert (folder / "02-failing" / "figures" / "curve.png").exists()
    assert not (folder / "02-failing" / "results.json").exists()
    for name in ("01-good", "02-failing", "03-killed"):
        assert (folder / name / f"{name}.ipynb").exists()
        assert (folder / name / f"{name}.html").exists()


def test_the_parameters_came_through(made):
    status, folder = made
    assert json.loads((folder / "01-good" / "results.json").read_text()) == {"epochs": 5, "rate": 1.0}
    values = {p["name"]: p["value"] for p in status.notebooks[0].parameters}
    assert values == {"catalogue": "atelier", "epochs": 5, "learning_rate": 1.0, "seeds": [0, 1]}


def test_kept_notebooks_name_no_machine_and_no_moment(made):
    _, folder = made
    text = (folder / "01-good" / "01-good.ipynb").read_text()
    notebook = nbformat.reads(text, as_version=4)
    assert str(folder) not in text
    assert "papermill" not in text
    assert "iopub.execute_input" not in text
    assert "widget-view" not in text
    injected = [c.source for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1
    assert "epochs = 5" in injected[0]
    assert "output" not in injected[0]
    assert not any(
        "papermill-error-cell-tag" in c.metadata.get("tags", [])
        for c in nbformat.read(folder / "02-failing" / "02-failing.ipynb", as_version=4).cells
    )


def test_the_index_shows_all_and_names_what_failed(made):
    _, folder = made
    html = (folder / "index.html").read_text("utf-8")
    for wanted in (
        "Title of 01-good",
        "<em>question</em>",
        "A rising curve.",
        "The curve <strong>rises</strong>.",
        "2 of 3 notebooks failed",
        "ValueError: no &lt;such&gt; image",
        "at “The fault”",
        "abc123",
        "passes over the images",
        "Seeds",
        "torch",
        "<b>5</b> <small>(default 3)</small>",
    ):
        assert wanted in html, wanted
    assert "<such>" not in html


def test_every_page_opens_without_network_and_finds_its_files(made):
    _, folder = made
    for path in (folder / "index.html", *folder.glob("*/*.html")):
        html = path.read_text("utf-8")
        for address in Addresses(html).found:
            assert address.startswith("data:") or (path.parent / address).exists(), (path.name, address)
        assert not re.search(r"import\s*\(?\s*['\"]https?:", html)
        assert "cdnjs" not in html
        assert "unpkg" not in html
    index = (folder / "index.html").read_text("utf-8")
    for link in re.findall(r'<a href="([^"#]+)"', index):
        assert (folder / link).exists(), link


def test_streams_are_coalesced_in_the_page_of_a_notebook(made):
    html = (made[1] / "01-good" / "01-good.html").read_text("utf-8")
    assert re.search(r"step\s*\nstep\s*\nstep", html)


def test_a_second_report_replaces_the_first_and_no_file_of_others(made, tmp_path, home):
    folder = tmp_path / "report"
    shutil.copytree(made[1], folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "01-good" / "mine.txt").write_text("mine")
    write_notebook(home, "04-other", "print(1)")
    assert runner.report(folder).state == "done"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {".report.lock"}
    assert files == {
        "index.html",
        "status.json",
        "notes.txt",
        "01-good/mine.txt",
        "04-other/04-other.html",
        "04-other/04-other.ipynb",
    }
    assert sorted(p.name for p in folder.iterdir() if p.is_dir()) == ["01-good", "04-other"]


COUNTED = """
from pathlib import Path
with open(Path.cwd().parent / "ran", "a") as file:
    file.write(f"{epochs} ")
"""


def test_what_is_finished_and_unchanged_is_not_run_again(home, tmp_path):
    ran, folder = home / "ran", tmp_path / "report"
    write_notebook(home, "01-good", START, COUNTED, GOOD)
    write_notebook(home, "02-failing", START, COUNTED, "raise ValueError('no')")
    first = runner.report(folder, parameters={"epochs": 7})
    before = (folder / "01-good" / "01-good.html").read_bytes()
    second = runner.report(folder, parameters={"epochs": 7})
    assert ran.read_text() == "7 7 7 "  # the one that failed, twice
    assert [notebook.found for notebook in second.notebooks] == [True, False]
    assert second.notebooks[0].seconds == first.notebooks[0].seconds
    assert (folder / "01-good" / "01-good.html").read_bytes() == before
    html = (folder / "index.html").read_text()
    assert "A rising curve." in html
    assert "(earlier)" in html
    (home / "notebooks" / "02-failing.ipynb").unlink()
    runner.report(folder, parameters={"epochs": 8})
    assert ran.read_text() == "7 7 7 8 "
    (folder / "01-good" / "01-good.html").unlink()
    assert not runner.report(folder, parameters={"epochs": 8}).notebooks[0].found


def test_a_stopped_report_goes_on_with_what_it_had_finished(home, tmp_path, monkeypatch):
    write_notebook(home, "01-good", START, COUNTED, GOOD)
    write_notebook(home, "02-more", START, COUNTED)
    run_one = runner.run_one

    def stopped(task, *arguments):
        if task.file.stem == "02-more":
            raise KeyboardInterrupt
        run_one(task, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "run_one", stopped)
        with pytest.raises(KeyboardInterrupt):
            runner.report(tmp_path / "report")
    status = runner.report(tmp_path / "report")
    assert [(notebook.state, notebook.found) for notebook in status.notebooks] == [
        ("done", True),
        ("done", False),
    ]
    assert len((home / "ran").read_text().split()) == 2


def test_a_wrong_parameter_leaves_the_older_report(home, tmp_path):
    write_notebook(home, "01-good", START)
    status = Status("demo", [])
    (tmp_path / "report").mkdir()
    status.write(tmp_path / "report")
    before = (tmp_path / "report" / "status.json").read_bytes()
    with pytest.raises(ReportError, match="did you mean 'epochs'"):
        runner.report(tmp_path / "report", parameters={"epoch": 3})
    assert (tmp_path / "report" / "status.json").read_bytes() == before


def test_a_report_stopped_while_the_older_one_is_cleared_does_not_pass_for_it(home, tmp_path, monkeypatch):
    write_notebook(home, "01-good", START)
    Status("demo", [], State.DONE).write(tmp_path)

    def stop(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner.claims, "clear", stop)
        with pytest.raises(KeyboardInterrupt):
            runner.report(tmp_path)
    assert json.loads((tmp_path / "status.json").read_text())["state"] == "stopped"
    assert runner.report(tmp_path).state == "done"


@pytest.mark.parametrize("name", ["index.html", "status.json"])
def test_a_folder_with_an_index_of_somebody_else_is_refused(home, tmp_path, name):
    write_notebook(home, "01-good", START)
    (tmp_path / name).write_text("{}")
    with pytest.raises(ReportError, match=f"holds a {name} that is no report's"):
        runner.report(tmp_path)
    assert (tmp_path / name).read_text() == "{}"


def test_other_refusals_say_what_to_do(home, tmp_path):
    with pytest.raises(ReportError, match="has no notebooks; set ARTNB_HOME"):
        runner.report(tmp_path / "r")
    write_notebook(home, "01-good", START)
    with pytest.raises(ReportError, match="is no catalogue; make one with `artnb import"):
        runner.report(tmp_path / "r", catalogue=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="is a file; a report is a folder"):
        runner.report(tmp_path / "file")
    (tmp_path / "busy").mkdir()
    with (
        FileLock(tmp_path / "busy" / ".report.lock"),
        pytest.raises(ReportError, match="another process is writing"),
    ):
        runner.report(tmp_path / "busy")


def test_a_catalogue_in_the_checkout_is_named_without_the_machine(home, tmp_path, monkeypatch):
    for folder in (home / "data" / "real", tmp_path / "far"):
        folder.mkdir(parents=True)
        (folder / "catalogue.parquet").touch()
    monkeypatch.chdir(home / "data")
    assert runner.portable("real") == "data/real"
    assert runner.portable("atelier") == "atelier"
    assert runner.portable(tmp_path / "far") == str((tmp_path / "far").resolve())


def test_a_full_disk_is_said_in_words(home, tmp_path, monkeypatch):
    write_notebook(home, "01-good", START)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Status, "write", full)
    with pytest.raises(ReportError, match="No space left on device"):
        runner.report(tmp_path / "r")


def test_a_kernel_that_never_came_up_is_tried_once_more(home, tmp_path, monkeypatch):
    """The kernel's command fails the first time: really, by a kernelspec of the test."""
    write_notebook(home, "01-good", "print(1)")
    script = tmp_path / "flaky.py"
    script.write_text(
        f"import pathlib, sys\nflag = pathlib.Path({str(tmp_path / 'flag')!r})\n"
        "if not flag.exists():\n    flag.touch()\n    sys.exit(3)\n"
        "from ipykernel.kernelapp import launch_new_instance\nlaunch_new_instance()\n"
    )
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, str(script), "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Flaky", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    [notebook] = runner.report(tmp_path / "r").notebooks
    assert (notebook.state, notebook.attempts, notebook.error) == ("done", 2, None)


def test_a_kernel_that_never_comes_up_is_a_failure(home, tmp_path, monkeypatch):
    write_notebook(home, "01-good")
    said = {"message": "The kernel did not start: none", "never_started": True}
    (tmp_path / "script.py").write_text(f"print({json.dumps(said)!r})\nraise SystemExit(1)")
    monkeypatch.setattr(runner, "SCRIPT", tmp_path / "script.py")
    [notebook] = runner.report(tmp_path / "r").notebooks
    assert (notebook.state, notebook.attempts) == ("failed", 2)
    assert "did not start" in notebook.error.message


def test_a_process_ended_from_outside_is_a_failure(tmp_path, home, monkeypatch):
    monkeypatch.setattr(runner, "SCRIPT", tmp_path / "script.py")
    task = runner.Task(write_notebook(home, "01-good"), {}, None)
    (tmp_path / "script.py").write_text("import os; os.kill(os.getpid(), 9)")
    assert "SIGKILL" in runner.execute(task, tmp_path / "x", None)["message"]
    (tmp_path / "script.py").write_text("raise SystemExit(3)")
    assert "exit code 3" in runner.execute(task, tmp_path / "x", None)["message"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
@pytest.mark.parametrize(("blow", "state"), [(signal.SIGINT, "stopped"), (signal.SIGKILL, "running")])
def test_a_stopped_runner_leaves_the_truth_and_no_process(home, tmp_path, blow, state):
    write_notebook(home, "01-endless", FOREVER)
    write_notebook(home, "02-after")
    folder = tmp_path / "r"
    code = f"from artnb.reporting.runner import report; report({str(folder)!r})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
    )
    pid = folder / "01-endless" / "pid"
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(blow)
    process.wait(60)
    status = json.loads((folder / "status.json").read_text())
    assert [notebook["state"] for notebook in status["notebooks"]] == [state, "waiting"]
    assert status["state"] == state
    assert "Title of 01-endless" in (folder / "index.html").read_text()
    kernel = int(pid.read_text())
    while alive(kernel) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(kernel)


def test_states_are_text():
    assert json.dumps([*State]) == '["waiting", "running", "done", "failed", "stopped"]'
