from dataclasses import replace
from math import inf, sqrt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artnb.collect.recipes import Cell, Query, Recipe, read_recipe, shared_out
from artnb.collect.sources import Work
from artnb.errors import CollectError

RECIPES = Path(__file__).resolve().parents[2] / "data" / "recipes"

GOOD = """
title = "Two cells"
about = "To try it."

[[cells]]
field = "painting"
label = "artistic"
images = 10

[[cells.queries]]
source = "met"
images = 3
q = "painting"
medium = ["Paintings", "Silk"]
named = true

[[cells.queries]]
source = "artic"
artwork_type_id = 1

[[cells.queries]]
source = "cleveland"
type = "Painting"

[[cells]]
field = "painting"
label = "non_artistic"
images = 4
licences = ["CC0", "CC BY-SA"]

[[cells.queries]]
source = "commons"
category = "Amateur paintings"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_recipe_as_it_is_written(tmp_path):
    recipe = read_recipe(written(tmp_path, GOOD))
    assert (recipe.name, recipe.title, recipe.about) == ("mine", "Two cells", "To try it.")
    assert recipe.licences == ("CC0 1.0", "Public domain")
    first, second = recipe.cells
    assert (first.field, first.label, first.images) == ("painting", "artistic", 10)
    assert [(query.source, query.images) for query in first.queries] == [
        ("met", 3),
        ("artic", 4),
        ("cleveland", 3),
    ]
    assert first.queries[0].parameters == {"q": "painting", "medium": ["Paintings", "Silk"]}
    assert [query.named for query in first.queries] == [True, False, False]
    assert first.queries[0].search == "q=painting, medium=Paintings | Silk"
    assert second.queries[0].licences == ("CC0", "CC BY-SA")
    assert [(cell.label, query.source) for cell, query in recipe.queries][-1] == ("non_artistic", "commons")
    assert list(recipe.sources) == ["met", "artic", "cleveland", "commons"]


def test_a_recipe_written_again_reads_the_same(tmp_path):
    recipe = read_recipe(written(tmp_path, GOOD + '[endpoints]\nmet = "http://127.0.0.1:8000/met"\n'))
    odd = replace(recipe, title='"quoted" \\ \n\t \x00\x1f\x7f é 日本 😀')
    assert read_recipe(written(tmp_path, odd.toml())) == odd
    assert recipe.sources["met"].api == "http://127.0.0.1:8000/met"
    assert recipe.sources["artic"].api == "https://api.artic.edu/api/v1"


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('title = "Two', "tilte = 'Two' #", "unknown key 'tilte'; did you mean title"),
        ("images = 10", "image = 10", r"cell 1: unknown key 'image'; did you mean images"),
        (
            'source = "met"',
            'source = "mett"',
            r"cell 1 \(painting, artistic\), query 1: unknown source 'mett'; did",
        ),
        (
            "artwork_type_id",
            "artwork_type",
            r"query 2 \(artic\): unknown key 'artwork_type'; did you mean artwork_",
        ),
        (
            'category = "Am',
            'categories = "Am',
            r"cell 2 .*\(commons\): unknown key 'categories'; did you mean cat",
        ),
        (
            'category = "Amateur paintings"',
            "depth = 1",
            r"\(commons\): category is missing; Wikimedia Commons cannot",
        ),
        ("images = 3", "images = 0", "query 1.*images is 0; give a whole number from 1"),
        ("images = 3", "images = true", "images must be a whole number, not True"),
        ("images = 3", 'images = "3"', "images must be a whole number, not '3'"),
        ("images = 3", "images = 9", "images is 10, its queries ask for 9 and 2 more for a share"),
        ("images = 4", "images = 999999999", "from 1 to 100,000"),
        ("images = 4", "", r"cell 2 \(painting, non_artistic\): images is missing"),
        ("images = 4", "images = 4\nfield = 1", "not TOML"),
        ('field = "painting"', 'field = " "', "cell 1: field is empty"),
        ('label = "non_artistic"', 'label = "artistic"', "painting, artistic has two cells"),
        ('"CC BY-SA"', '"CC-BY-SA"', "unknown licence 'CC-BY-SA'; did you mean CC BY-SA"),
        ('"CC BY-SA"', "4", "unknown licence 4"),
        ('["CC0", "CC BY-SA"]', "[]", "licences is empty"),
        ('["CC0", "CC BY-SA"]', '"CC0"', "licences must be a list, not 'CC0'"),
        ("named = true", 'named = "yes"', "named must be true or false, not 'yes'"),
        ('q = "painting"', 'q = ""', r"\(met\): q must be text"),
        ('q = "painting"', "q = 1979-05-27", r"\(met\): q must be text"),
        ('["Paintings", "Silk"]', "[]", "medium must be text"),
        ('title = "Two cells"', "title = 1", "title must be text, not 1"),
        ('[[cells.queries]]\nsource = "commons"\ncategory = "Amateur paintings"\n', "", "no folder to take"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path, was, becomes, message):
    assert was in GOOD
    with pytest.raises(CollectError, match=message) as raised:
        read_recipe(written(tmp_path, GOOD.replace(was, becomes, 1)))
    assert "mine.toml" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cells is missing"),
        ("cells = []", r"no \[\[cells\]\]"),
        ("cells = [1]", r"write \[\[cells\]\]"),
        ("[cells]\nfield = 'x'", "cells must be a list"),
        ("cells = [{field = 'a', label = 'b', images = 1, queries = [1]}]", r"write \[\[cells.queries\]\]"),
        (
            "[endpoints]\nmett = 'http://x'\n[[cells]]\nfield='a'\nlabel='b'\nimages=1\nfolder='c'",
            "source 'mett'",
        ),
        (
            "[endpoints]\nmet = 'file:///x'\n[[cells]]\nfield='a'\nlabel='b'\nimages=1\nfolder='c'",
            "http or https",
        ),
    ],
)
def test_what_is_no_recipe(tmp_path, text, message):
    with pytest.raises(CollectError, match=message):
        read_recipe(written(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CollectError, match="cannot be opened: No such file"):
        read_recipe(tmp_path / "none.toml")
    with pytest.raises(CollectError, match="cannot be opened: Is a directory"):
        read_recipe(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(CollectError, match="not TOML in UTF-8"):
        read_recipe(tmp_path / "latin.toml")


def test_a_work_is_refused_for_its_licence_or_want_of_a_name():
    work = Work("met", "1", "Quail", "Kiyohara Yukinobu", "", "CC0 1.0", "", "http://x/y.jpg", None)
    query = Query("met", 1, {"q": "x"}, named=True)
    assert query.refusal(work) == ""
    assert "CC BY-SA 4.0, is not among CC0 1.0" in query.refusal(replace(work, licence="CC BY-SA 4.0"))
    assert "not stated" in query.refusal(replace(work, licence=""))
    for nobody in ("", "Unknown", "Anonymous, Dutch", "anoniem", "Unidentified artist"):
        assert "named" in query.refusal(replace(work, creator=nobody))
        assert replace(query, named=False).refusal(replace(work, creator=nobody)) == ""


def test_the_recipes_of_the_project():
    four = read_recipe(RECIPES / "four-fields.toml")
    assert {(cell.field, cell.label): cell.images for cell in four.cells} == {
        (field, label): 1000
        for field in ("painting", "architecture", "sculpture", "garden")
        for label in ("artistic", "non_artistic")
    }
    assert list(four.sources) == ["met", "artic", "cleveland", "rijksmuseum", "commons"]
    types = read_recipe(RECIPES / "art-types.toml")
    assert [(cell.label, cell.images) for cell in types.cells] == [
        ("comic_strip", 1000),
        ("watercolour", 1000),
        ("sketch", 1000),
        ("chinese_painting", 1000),
    ]
    anime = read_recipe(RECIPES / "anime.toml")
    assert [(cell.label, bool(cell.queries), bool(cell.folder)) for cell in anime.cells] == [
        ("photo", True, False),
        ("anime", False, True),
    ]
    for recipe in (four, types, anime):
        for cell, query in recipe.queries:
            assert not any("NC" in licence or "ND" in licence for licence in query.licences), cell
            assert query.source == "commons" or query.licences == ("CC0 1.0", "Public domain")


weights = st.lists(st.integers(1, 99), min_size=1, max_size=9)


def recipe_of(weights: list[int]) -> Recipe:
    queries = tuple(Query("met", weight, {"q": str(n)}) for n, weight in enumerate(weights))
    return Recipe("x", "x", "", (), (Cell("a", "b", sum(weights), queries),))


@settings(deadline=None)
@given(weights, st.integers(1, 1000))
def test_a_limited_recipe_keeps_its_shares(weights, images):
    cell = recipe_of(weights).limited(images).cells[0]
    total = min(images, sum(weights))
    shares = {int(query.parameters["q"]): query.images for query in cell.queries}
    assert cell.images == sum(shares.values()) == total
    assert len(shares) == min(total, len(weights))
    if total >= len(weights):
        for n, weight in enumerate(weights):
            assert 1 <= shares[n] <= weight
        next_due = max(weight / sqrt(shares[n] * (shares[n] + 1)) for n, weight in enumerate(weights))
        last = [
            weight / sqrt(shares[n] * (shares[n] - 1)) for n, weight in enumerate(weights) if shares[n] > 1
        ]
        assert next_due <= min(last, default=inf) + 1e-9  # no image would be better placed elsewhere


@settings(deadline=None)
@given(weights)
def test_a_limit_that_does_not_bind_changes_nothing(weights):
    recipe = recipe_of(weights)
    assert recipe.limited(sum(weights)) == recipe.limited(10**9) == recipe


@settings(deadline=None)
@given(weights, st.integers(1, 400))
def test_no_share_shrinks_when_there_is_more(weights, images):
    pairs = zip(shared_out(images, weights), shared_out(images + 1, weights), strict=True)
    assert sorted(more - less for less, more in pairs) == [0] * (len(weights) - 1) + [1]


def test_shares_worked_by_hand():
    assert shared_out(10, [6, 3, 1]) == [6, 3, 1]
    assert shared_out(3, [900, 50, 50]) == [1, 1, 1]
    assert shared_out(2, [5, 5, 5]) == [1, 1, 0]
    assert shared_out(7, [1, 1, 1]) == [3, 2, 2]
    assert shared_out(0, [1, 2]) == [0, 0]
    assert shared_out(5, []) == []


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(CollectError, match="give 1 or more"):
        recipe_of([3]).limited(0)
    folder_only = replace(recipe_of([3]), cells=(Cell("a", "b", 1000, (), "mine/*"),))
    assert folder_only.limited(5).cells[0].images == 5
