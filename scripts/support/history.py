"""Files at earlier commits of this repository: by today's paths, though they have been renamed since."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from .meaning import meaning

__all__ = ["History"]


class History:
    """The history of a repository up to its current commit.

    Args:
        root: the folder of the repository.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._meaning = functools.cache(self._meaning_of_blob)
        self.blobs = functools.cache(self._blobs)
        self.date = functools.cache(self._date)
        self._earlier_paths = functools.cache(self._renamed)

    def changed(self, commit: str, paths: tuple[str, ...]) -> list[str]:
        """The files at or below ``paths`` that have come, gone or do something else than at ``commit``, sorted."""
        before, now, renamed = self.blobs(commit), self.blobs("HEAD"), self._earlier_paths(commit)
        came = [path for path in self.files(paths) if renamed.get(path, path) not in before]
        went = [path for path in before if _below(path, paths) and path not in now and path not in renamed.values()]
        both = [path for path in self.files(paths) if renamed.get(path, path) in before]
        altered = [path for path in both if not self._same(path, before[renamed.get(path, path)], now[path])]
        return sorted([*came, *went, *altered])

    def files(self, paths: tuple[str, ...]) -> list[str]:
        """Today's files at or below ``paths``."""
        return [path for path in self.blobs("HEAD") if _below(path, paths)]

    def _same(self, path: str, before: str, now: str) -> bool:
        return before == now or (path.endswith(".py") and self._meaning(before) == self._meaning(now))

    def _date(self, commit: str) -> str | None:
        """The day of a commit, such as "2026-11-21"; None for one that is not in this clone."""
        return self._git("log", "-1", "--format=%cs", commit, "--").strip() or None if self._is_known(commit) else None

    def _is_known(self, commit: str) -> bool:
        command = ["git", "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"]
        return subprocess.run(command, cwd=self.root, capture_output=True, check=False).returncode == 0

    def _blobs(self, commit: str) -> dict[str, str]:
        """The blob of each file at a commit, by path."""
        lines = self._git("ls-tree", "-r", "-z", commit).split("\0")
        return {line.split("\t", 1)[1]: line.split()[2] for line in lines if line}

    def _renamed(self, commit: str) -> dict[str, str]:
        """The paths at a commit of the files that have been renamed since, by today's path."""
        options = ("--name-status", "--diff-filter=R", "--find-renames=40%", "-l0", "-z")
        fields = self._git("diff", *options, commit, "HEAD").split("\0")[:-1]
        return dict(zip(fields[2::3], fields[1::3], strict=True))

    def _meaning_of_blob(self, blob: str) -> str:
        return meaning(self._git("cat-file", "blob", blob))

    def _git(self, *arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=True)
        return run.stdout.decode("utf-8", errors="replace")


def _below(path: str, paths: tuple[str, ...]) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in paths) and not path.endswith(".md")
