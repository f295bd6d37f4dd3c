"""Files for a user are whole or not there, and what can't be written is told before there is anything to write."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.core.errors import InputError
from sandbox.core.files import check_folder, check_writable, replacing, write_text

PROGRAM = """
import sys
from pathlib import Path
from sandbox.core.files import check_writable, write_text
check_writable(Path(sys.argv[1]))
write_text(Path(sys.argv[1]), "x")
"""


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as part:
            part.write_text("half of the n")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"report.xml": "old"}


def test_the_new_file_takes_the_place_of_the_old_one_at_once(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    assert [file.name for file in tmp_path.iterdir()] == ["report.xml"]


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.write_text("x")
    write_text(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == usual.stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/real.txt").write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to("there/real.txt")
    check_writable(link)
    write_text(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "there/real.txt").read_text() == "new"


def test_a_pipe_is_written_to_itself(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(pipe)]) as writer:
        assert pipe.read_text() == "x"
    assert writer.returncode == 0
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_dev_stdout_stays_what_it_is_where_a_shell_has_sent_it_to_a_file(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", PROGRAM, "/dev/stdout"], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "x"


def test_what_can_not_be_written_is_told_by_name_with_its_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--junit: there is no folder .*/missing"):
        check_writable(tmp_path / "missing" / "x.xml", "--junit")
    with pytest.raises(InputError, match=r"--junit: .* is a folder"):
        check_writable(tmp_path, "--junit")
    with pytest.raises(InputError, match=r"--junit: can't write to the folder /proc: "):
        check_writable(Path("/proc/report.xml"), "--junit")
    with pytest.raises(InputError, match=r"--out: can't write to the folder /proc: "):
        check_folder(Path("/proc"), "--out")
    with pytest.raises(InputError, match=r"--html: can't write /dev/full: No space left on device"):
        write_text(Path("/dev/full"), "x", "--html")


def test_what_must_not_be_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system says it to anybody but its superuser, as whom tests may run."""

    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "x").write_text("kept")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="it is read only"):
        check_writable(tmp_path / "x")
    monkeypatch.setattr(Path, "touch", denied)
    with pytest.raises(InputError, match=r"can't write to the folder .*: Permission denied"):
        check_writable(tmp_path / "y")
    assert (tmp_path / "x").read_text() == "kept"


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
