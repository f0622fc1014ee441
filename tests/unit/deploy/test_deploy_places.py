from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mainstay.deploy import write_file
from mainstay.errors import DataError, StoreError

if TYPE_CHECKING:
    from pathlib import Path


def test_what_mainstay_wrote_is_written_again_and_what_others_wrote_is_not(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rules.yml"
    write_file(path, "# ours: 1\n", "# ours")
    write_file(path, "# ours: 2\n", "# ours")
    assert path.read_text() == "# ours: 2\n"
    path.write_text("theirs")
    with pytest.raises(DataError, match="didn't write it"):
        write_file(path, "# ours: 3\n", "# ours")
    assert path.read_text() == "theirs"
    assert [each.name for each in path.parent.iterdir()] == ["rules.yml"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be written"):
        write_file(tmp_path / "file" / "rules.yml", "", "#")
