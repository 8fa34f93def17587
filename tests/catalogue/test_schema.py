import hashlib
from pathlib import Path

import pandas as pd
import pytest

from artnb.catalogue import COLUMNS, Catalogue, read, write
from artnb.errors import CatalogueError


def table(rows: int = 6, **columns) -> pd.DataFrame:
    made = [
        dict.fromkeys(COLUMNS, "")
        | {
            "id": hashlib.sha256(bytes([n])).hexdigest(),
            "path": f"images/{n}.jpg",
            "field": ("painting", "garden", "zoo")[n % 3],
            "label": ("artistic", "non_artistic")[n % 2],
            "group": f"group {n}",
            "split": "train",
            "width": 10,
            "height": 20,
            "annotations": "{}",
        }
        for n in range(rows)
    ]
    return pd.DataFrame(made).assign(**columns)


def test_what_was_written_is_read(tmp_path):
    write(Catalogue(tmp_path, table()))
    pd.testing.assert_frame_equal(read(tmp_path).table, table())


def test_satos_fields_come_in_his_order_and_the_artistic_is_target_one():
    catalogue = Catalogue(Path("x"), table())
    assert catalogue.fields == ("painting", "garden", "zoo")
    assert catalogue.labels == ("non_artistic", "artistic")
    assert Catalogue(Path("x"), table(label="comic")).labels == ("comic",)


def test_the_fingerprint_follows_what_a_training_depends_on_and_nothing_else():
    whole = Catalogue(Path("x"), table())
    assert Catalogue(Path("y"), table().sample(frac=1, random_state=1).assign(title="t")).fingerprint == (
        whole.fingerprint
    )
    for column, value in {"split": "test", "group": "g", "label": "artistic", "field": "garden"}.items():
        assert Catalogue(Path("x"), table(**{column: value})).fingerprint != whole.fingerprint


def test_an_image_is_found_by_its_id():
    catalogue = Catalogue(Path("x"), table())
    assert catalogue.image_path(table()["id"][2]) == Path("x/images/2.jpg")
    with pytest.raises(CatalogueError, match="no image with id 0000"):
        catalogue.image_path("0000")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (table(width=0), "column width, row 0.*more than 0"),
        (table(split=["train"] * 3 + ["tset"] + ["test"] * 2), "column split, row 3: \"tset\".*'validation'"),
        (table(path="/etc/passwd"), "column path, row 0"),
        (table(path="../above.jpg"), "column path, row 0"),
        (table(annotations="[1]"), "column annotations, row 0.*JSON object"),
        (table(id=["abc", *table()["id"][1:]]), "column id, row 0"),
        (table(field="garden", id=table()["id"][0]), "the same id occurs twice"),
        (table(label=" "), "column label, row 0"),
        (table(label=None), "column label, row 0"),
        (table(phash="zz"), "column phash, row 0"),
        (table(extra=1), "column extra is unknown"),
        (table().drop(columns="group"), "column group is missing"),
    ],
)
def test_a_wrong_table_is_refused_by_column_and_row_and_nothing_is_written(tmp_path, wrong, message):
    write(Catalogue(tmp_path, table()))
    with pytest.raises(CatalogueError, match=message):
        write(Catalogue(tmp_path, wrong))
    pd.testing.assert_frame_equal(read(tmp_path).table, table())
    wrong.to_parquet(tmp_path / "catalogue.parquet")
    with pytest.raises(CatalogueError, match=message):
        read(tmp_path)


def test_no_catalogue_and_half_a_catalogue_are_refused(tmp_path):
    with pytest.raises(CatalogueError, match="artnb import"):
        read(tmp_path)
    write(Catalogue(tmp_path, table()))
    file = tmp_path / "catalogue.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CatalogueError, match="cannot be read"):
        read(tmp_path)
