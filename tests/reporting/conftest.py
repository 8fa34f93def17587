from pathlib import Path

import pytest
from miniature import new_home


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    home = new_home(tmp_path / "home")
    monkeypatch.setenv("ARTNB_HOME", str(home))
    return home
