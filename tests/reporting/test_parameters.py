import pytest
import yaml
from miniature import write_notebook

from artnb.errors import ReportError
from artnb.reporting.parameters import Parameter, assign, declared, read_preset, typed


def test_declared_reads_names_defaults_and_meanings(home):
    notebook = write_notebook(
        home,
        "01-a",
        parameters='a = 1  # how many, as in x == 1\nb: float = 2.0\nc = [\n    "#x",\n]  # a list\nd = -1\n',
    )
    assert list(declared(notebook).values()) == [
        Parameter("a", 1, "how many, as in x == 1"),
        Parameter("b", 2.0, ""),
        Parameter("c", ["#x"], "a list"),
        Parameter("d", -1, ""),
    ]


@pytest.mark.parametrize("source", ["a = b", "a = 1\nprint(a)", "a = ", "a, b = 1, 2", "a = len('x')"])
def test_a_parameters_cell_holds_literals_only(home, source):
    with pytest.raises(ReportError, match=r"01-a\.ipynb: its parameters cell must hold only lines"):
        declared(write_notebook(home, "01-a", parameters=source))


def test_a_notebook_without_parameters_cell_is_refused(home):
    with pytest.raises(ReportError, match=r"01-a\.ipynb: 0 cells are tagged `parameters`; tag exactly one"):
        declared(write_notebook(home, "01-a", parameters=None))


def test_what_is_no_notebook_is_refused(home):
    with pytest.raises(ReportError, match="no such notebook"):
        declared(home / "none.ipynb")
    (home / "bad.ipynb").write_text("{")
    with pytest.raises(ReportError, match="not a notebook"):
        declared(home / "bad.ipynb")


A = {"a": Parameter("a", 1, ""), "output": Parameter("output", "", "")}
B = {"a": Parameter("a", 1, ""), "rate": Parameter("rate", 0.1, "")}


def test_each_notebook_takes_what_it_knows():
    assert assign({"rate": 1, "a": 2}, {"A": A, "B": B}) == {"A": {"a": 2}, "B": {"a": 2, "rate": 1.0}}


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ReportError, match="no notebook has a parameter 'raet'; did you mean 'rate'"):
        assign({"raet": 1}, {"A": A, "B": B})
    with pytest.raises(ReportError, match="there are: a, rate"):
        assign({"xyzzy": 1}, {"A": A, "B": B})


def test_output_belongs_to_the_runner():
    with pytest.raises(ReportError, match="--to"):
        assign({"output": "x"}, {"A": A})


@pytest.mark.parametrize(
    ("default", "value", "message"),
    [
        (0.01, "1e-3", r"YAML reads it as text: write 1\.0e-3\."),
        (0.01, "1e6", r"write 1\.0e\+6\."),
        (0.01, "1.5e3", r"write 1\.5e\+3\."),
        (0.01, "0.5", r"write 0\.5\."),
        (0.01, "fast", r"it must be a number\.$"),
        (0.01, True, "it must be a number"),
        (3, "1e3", r"write 1000\."),
        (3, 1.5, "it must be a whole number"),
        (3, True, "it must be a whole number"),
        (3, None, "it must be a whole number"),
        (True, 1, "it must be a truth value"),
        ("x", 3, "it must be text"),
        ([1], 3, r"it must be a list\. Write \[3\]"),
        ([1], [1, "a"], "item 2 is 'a', text; it must be a whole number"),
        ({"a": 1}, [1], "it must be a mapping"),
    ],
)
def test_an_ill_typed_value_is_refused(default, value, message):
    with pytest.raises(ReportError, match=f"parameter p.*{message}"):
        typed(value, Parameter("p", default, ""))


def test_the_advice_for_numbers_works_in_yaml():
    for text in ("1e-3", "1e6", "1.5e3", "2E4", "0.5"):
        with pytest.raises(ReportError) as error:
            typed(text, Parameter("p", 0.1, ""))
        advised = str(error.value).rpartition("write ")[2].removesuffix(".")
        assert yaml.safe_load(advised) == float(text)


@pytest.mark.parametrize(
    ("default", "value", "expected"),
    [(0.1, 1, 1.0), ([0.1], [1, 2.5], [1.0, 2.5]), ((1,), [2], [2]), ([], ["a"], ["a"]), (None, "x", "x")],
)
def test_a_well_typed_value_is_taken(default, value, expected):
    taken = typed(value, Parameter("p", default, ""))
    assert taken == expected
    assert type(taken) is type(expected)


def test_presets(tmp_path):
    (tmp_path / "demo.yml").write_text("epochs: 3\n")
    (tmp_path / "empty.yml").write_text("# nothing\n")
    (tmp_path / "list.yml").write_text("- 3\n")
    (tmp_path / "bad.yml").write_text("a: [")
    assert read_preset("demo", tmp_path) == {"epochs": 3}
    assert read_preset("empty", tmp_path) == {}
    with pytest.raises(ReportError, match="no preset 'dmo'; did you mean 'demo'"):
        read_preset("dmo", tmp_path)
    with pytest.raises(ReportError, match="a preset is a mapping"):
        read_preset("list", tmp_path)
    with pytest.raises(ReportError, match=r"bad\.yml: this is not YAML"):
        read_preset("bad", tmp_path)
