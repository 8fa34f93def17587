"""Sweeps of notebooks that really run, fail, are stopped, and lose the worker that runs them."""

import json
import math
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import Thread

import pandas as pd
import psutil
import pytest
from filelock import FileLock
from miniature import write_notebook

from artnb.errors import ReportError
from artnb.reporting import gathering
from artnb.reporting.combinations import combinations, read_values
from artnb.reporting.outcomes import Outcome, found
from artnb.reporting.status import Status
from artnb.reporting.sweep import carry_out, outcome_of, sweep

GRID = {"seed": [0, 1], "learning_rate": [0.1, 0.001]}
WORK = """
import pandas as pd
from artnb.reporting import Page
page = Page(output)
page.table("fields", pd.DataFrame({"field": ["garden", "painting"], "loss": [learning_rate, seeds[0]]}))
"""
NEEDS_A_FILE = """
import os, pathlib
folder = pathlib.Path.cwd().parent
with open(folder / "begun", "a") as file:
    cores = [os.environ.get(name) for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")]
    print(seeds[0], learning_rate, *cores, file=file)
if seeds == [1] and learning_rate == 0.1 and not (folder / "mended").exists():
    raise ValueError("it <diverged>")
"""
RESULTS = "page.results(accuracy=1 - learning_rate, good=seeds[0] == 0, epochs=epochs, method='single')"
BEGUN = """
import json, os, pathlib, time
folder = pathlib.Path.cwd().parent
begun = folder / f"begun-{seeds[0]}"
first = not begun.exists()
(folder / "beside").write_text(str(os.getpid()))
(folder / "beside").replace(begun)
with open(folder / "log", "a") as file:
    file.write(f"{seeds[0]} ")
time.sleep(60 if first and seeds == [0] else 0)
pathlib.Path(output).mkdir(exist_ok=True, parents=True)
pathlib.Path(output, "results.json").write_text(json.dumps({"seed": seeds[0]}))
"""


def begun(home: Path) -> list[str]:
    return sorted((home / "begun").read_text().splitlines())


def wait_for(path: Path, seconds: float = 100) -> str:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)
    return path.read_text()


@pytest.fixture
def notebook(home) -> Path:
    return write_notebook(home, "02-train", WORK, NEEDS_A_FILE, RESULTS)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0,1,2", [0, 1, 2]),
        ("1e-3, 3e-4,0.1", [0.001, 0.0003, 0.1]),
        ("single,multi-2", ["single", "multi-2"]),
        ("[0, 1],[2]", [[0, 1], [2]]),
        ("true", [True]),
        ("", []),
    ],
)
def test_values_are_read_as_items_of_a_list(text, values):
    assert read_values(text) == values


def test_every_combination_once_in_order(notebook):
    made = combinations(notebook, {"seed": [0, 1, 0], "learning_rate": [1, 0.5]})
    assert [c.given for c in made] == [
        {"seed": seed, "learning_rate": rate} for seed in (0, 1) for rate in (1.0, 0.5)
    ]
    assert made[0].parameters == {"seeds": [0], "learning_rate": 1.0}
    assert len({c.fingerprint for c in made}) == 4
    [listed] = combinations(notebook, {"seeds": [[0]], "learning_rate": [1]})
    assert listed.fingerprint == made[0].fingerprint


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"learning_rat": [1]}, "no notebook has a parameter 'learning_rat'; did you mean 'learning_rate'"),
        ({"epochs": [1, "two"]}, "parameter epochs is 'two', text; it must be a whole number"),
        ({"epoch": [1]}, "did you mean 'epochs'"),
        ({"epochs": []}, "epochs has no values"),
        ({"seed": [0], "seeds": [[1]]}, "'seed' and 'seeds' set the same parameter"),
        ({"output": ["x"]}, "choose its folder with --to"),
        ({"catalogue": ["data/none"]}, "is no catalogue; make one with"),
    ],
)
def test_a_wrong_name_or_value_is_named_before_anything_runs(notebook, tmp_path, grid, message):
    with pytest.raises(ReportError, match=message):
        sweep(notebook, grid, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_values_that_are_no_list_are_refused():
    with pytest.raises(ReportError, match="no list of values"):
        read_values("[0,1")


def test_a_sweep_with_a_failure_gathers_the_others_and_runs_only_that_again(
    home, notebook, tmp_path, monkeypatch
):
    for name in ("OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("artnb.reporting.sweep.cpu_count", lambda: 6)
    folder = tmp_path / "sweep"
    first = sweep(notebook, GRID, folder, jobs=2)
    assert first.state == "failed"
    [(combination, outcome)] = first.failed
    assert combination.given == {"seed": 1, "learning_rate": 0.1}
    assert outcome.message == "ValueError: it <diverged>"
    assert begun(home) == ["0 0.001 3 3", "0 0.1 3 3", "1 0.001 3 3", "1 0.1 3 3"]
    written = json.loads((folder / "sweep.json").read_text())
    assert [o["state"] for o in written["outcomes"]] == ["done", "done", "failed", "done"]
    table = pd.read_parquet(folder / "results.parquet")
    assert list(table) == ["combination", "seed", "learning_rate", "table", "row", "result", "value", "text"]
    assert len(table) == 3 * 6
    assert table.query("result == 'loss' and row == 'garden'")["value"].tolist() == [0.1, 0.001, 0.001]
    html = (folder / "index.html").read_text("utf-8")
    assert "<strong>1 failed</strong>" in html
    assert "ValueError: it &lt;diverged&gt;" in html
    assert "The same in every combination (1)" in html  # epochs

    (home / "mended").touch()
    (home / "begun").unlink()
    second = sweep(notebook, GRID, folder, jobs=1)
    assert begun(home) == ["1 0.1 6 6"]
    assert second.state == "done"
    assert [o.found for o in second.outcomes] == [True, True, False, True]
    table = pd.read_parquet(folder / "results.parquet")
    assert table["combination"].nunique() == 4
    own = table[table["table"] == "results"].pivot_table("value", ["seed", "learning_rate"], "result")
    assert own["accuracy"].to_dict() == {(0, 0.001): 0.999, (0, 0.1): 0.9, (1, 0.001): 0.999, (1, 0.1): 0.9}
    assert own["good"].tolist() == [1, 1, 0, 0]
    assert table.query("result == 'method'")["text"].eq("single").all()
    html = (folder / "index.html").read_text("utf-8")
    assert "3 had before" in html
    for combination in second.combinations:
        assert (folder / combination.fingerprint / "index.html").exists()
        assert f'href="{combination.fingerprint}/index.html"' in html
    assert len(list((folder / "figures").iterdir())) == html.count("<img") == 2

    (home / "begun").unlink()
    third = sweep(notebook, {"seed": [0], "learning_rate": [0.1]}, folder)
    assert third.outcomes[0].found
    assert not (home / "begun").exists()


def test_a_cluster_loses_a_worker_and_no_result(home, tmp_path):
    distributed = pytest.importorskip("distributed")
    notebook = write_notebook(home, "02-train", BEGUN)
    killed = []

    def kill():
        kernel = psutil.Process(int(wait_for(home / "begun-0")))
        worker = next(p for p in kernel.parents() if p.pid in workers)
        worker.kill()
        killed.append(worker.pid)

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, worker_dashboard_address=None
    ) as cluster:
        workers = {worker.pid for worker in cluster.workers.values()}
        killer = Thread(target=kill)
        killer.start()
        done = sweep(notebook, {"seed": [0, 1, 2]}, tmp_path, cluster=cluster.scheduler_address)
        killer.join()
    assert killed
    assert done.state == "done"
    assert [o.state for o in done.outcomes] == ["done"] * 3
    assert sorted((home / "log").read_text().split()) == ["0", "0", "1", "2"]
    table = pd.read_parquet(tmp_path / "results.parquet")
    assert table["value"].tolist() == table["seed"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("blow", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_a_stopped_sweep_leaves_no_process_and_goes_on(home, tmp_path, blow):
    notebook = write_notebook(home, "02-train", BEGUN)
    code = (
        "from artnb.reporting.sweep import sweep\n"
        "if __name__ == '__main__':\n"
        f"    sweep({str(notebook)!r}, {{'seed': [0, 1]}}, {str(tmp_path / 'to')!r})\n"
    )
    (tmp_path / "script.py").write_text(code)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    kernel = psutil.Process(int(wait_for(home / "begun-0")))
    process.send_signal(blow)
    process.wait(60)
    kernel.wait(60)
    state = "stopped" if blow == signal.SIGINT else "running"
    assert json.loads((tmp_path / "to" / "sweep.json").read_text())["state"] == state
    assert sweep(notebook, {"seed": [0, 1]}, tmp_path / "to").state == "done"
    assert (home / "log").read_text().split() == ["0", "0", "1"]


def test_a_notebook_that_changed_meanwhile_is_not_run(home, notebook, tmp_path):
    [combination] = combinations(notebook, {"seed": [0]})
    write_notebook(home, "02-train", WORK, NEEDS_A_FILE, RESULTS + "\nprint(1)")
    with pytest.raises(ReportError, match="has changed since; sweep again"):
        carry_out(notebook, combination, tmp_path, None)
    assert not (home / "begun").exists()


def test_a_lost_worker_fails_its_combination_alone():
    future = Future()
    future.set_exception(BrokenProcessPool("x"))
    assert outcome_of(future).state == "failed"
    assert "sweep again" in outcome_of(future).message
    future = Future()
    future.set_exception(OSError("no such share"))
    assert outcome_of(future).message == "OSError: no such share"
    future = Future()
    future.set_exception(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        outcome_of(future)


def test_only_a_finished_report_is_found(tmp_path):
    assert found(tmp_path / "none") == Outcome()
    for text in ("", "{}", '{"state": "running", "notebooks": [{"seconds": null}]}'):
        (tmp_path / "status.json").write_text(text)
        assert found(tmp_path) == Outcome()


def test_refusals_say_what_to_do(notebook, tmp_path):
    grid = {"seed": [0]}
    with pytest.raises(ReportError, match="jobs is 0"):
        sweep(notebook, grid, tmp_path, jobs=0)
    with pytest.raises(ReportError, match="a cluster runs as many"):
        sweep(notebook, grid, tmp_path, jobs=2, cluster="tcp://127.0.0.1:1")
    with FileLock(tmp_path / ".sweep.lock"), pytest.raises(ReportError, match="writing this sweep"):
        sweep(notebook, grid, tmp_path)
    Status("demo", []).write(tmp_path)
    (tmp_path / "index.html").write_text("a report")
    with pytest.raises(ReportError, match="that is no sweep's"):
        sweep(notebook, grid, tmp_path)
    assert (tmp_path / "index.html").read_text() == "a report"
    with pytest.raises(ReportError, match="there is no such notebook"):
        sweep(tmp_path / "none.ipynb", grid, tmp_path / "to")


def test_a_cluster_that_is_not_there_is_named(notebook, tmp_path):
    pytest.importorskip("distributed")
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}),
        pytest.raises(ReportError, match="no dask scheduler answers at tcp:"),
    ):
        sweep(notebook, {"seed": [0]}, tmp_path, cluster="tcp://127.0.0.1:9")
    assert json.loads((tmp_path / "sweep.json").read_text())["state"] == "stopped"


def test_rows_are_named_by_their_texts_and_then_by_whole_numbers():
    table = pd.DataFrame(
        {"field": ["a", "a", "b"], "epoch": [1, 2, 1], "images": [5, 5, 5], "loss": [0.1, 0.2, 0.3]}
    )
    assert gathering.keys_of(table) == ["field", "epoch"]
    assert gathering.keys_of(table[["epoch", "loss"]].iloc[:2]) == ["epoch"]
    assert gathering.keys_of(table[["field", "images", "loss"]].iloc[1:]) == ["field"]
    assert gathering.keys_of(table[["images", "loss"]].iloc[:1]) == []


def test_a_parameter_named_as_a_column_of_the_table_is_refused(home, tmp_path):
    notebook = write_notebook(home, "01-x", parameters="value = 1  # of it\n")
    with pytest.raises(ReportError, match="'value' cannot be swept"):
        sweep(notebook, {"value": [1]}, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_value_is_a_number_or_a_text():
    as_row = [gathering.number_or_text(("t", "", "r", value))[3:] for value in (2, True, "x", ["a", 1])]
    assert as_row[:2] == [(2.0, ""), (1.0, "")]
    assert [text for _, text in as_row[2:]] == ["x", '["a", 1]']
    for missing in (None, float("nan"), pd.NA):
        value, text = gathering.number_or_text(("t", "", "r", missing))[3:]
        assert math.isnan(value)
        assert text == ""
