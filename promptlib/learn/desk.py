"""The folder in which a learner mends prompts: the files lie open in it, and the progress beside them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from promptlib.errors import NotFound
from promptlib.learn.checking import checked
from promptlib.learn.pages import page_of
from promptlib.learn.progress import FILE, Progress, read_progress, write_progress
from promptlib.learn.work import Work
from promptlib.store.putting import put_whole

if TYPE_CHECKING:
    from promptlib.learn.checking import Report
    from promptlib.learn.lesson import Lesson
    from promptlib.learn.progress import Standing

#: The folder, where none is named.
FOLDER = "promptlib-lessons"


class Desk:
    """A folder of exercises; what is done is written at once, so that nothing is lost whenever somebody leaves.

    A file that lies there is never written over: `begin` leaves it, `restart` and `put` keep what was there before.
    """

    def __init__(self, folder: Path | str = FOLDER) -> None:
        """Look at *folder*, which need not be there. Raises what `read_progress` raises."""
        self.folder = Path(folder)
        self.progress: Progress = read_progress(self.folder / FILE)

    def place(self, lesson: Lesson) -> Path:
        """Return what lies there for *lesson*: its file, or its folder."""
        return self.folder / (lesson.name if lesson.lay else lesson.file)

    def file(self, lesson: Lesson) -> Path:
        """Return the file to open in an editor; for some lessons it is a folder."""
        return self.place(lesson) / lesson.file if lesson.lay and lesson.file else self.place(lesson)

    def begin(self, lesson: Lesson) -> bool:
        """Lay the broken prompt out where nothing lies yet, and be at *lesson*; return whether it is new."""
        new = not self.place(lesson).exists()
        if new:
            self._lay(lesson)
        if self.progress.at != lesson.name:
            self._keep(lesson, self.progress.of(lesson.name))
        return new

    def check(self, lesson: Lesson) -> Report:
        """Check what lies there, and write down that it was; raises `NotFound` where nothing lies there."""
        report = checked(lesson, self.work(lesson))
        before = self.progress.of(lesson.name)
        self._keep(lesson, replace(before, checks=before.checks + 1, mended=before.mended or report.ok))
        return report

    def work(self, lesson: Lesson) -> Work:
        """Return what lies there for *lesson*, as checks see it."""
        return work_at(lesson, self.place(lesson))

    def hint(self, lesson: Lesson) -> tuple[int, str]:
        """Return the number and text of the next hint; after the last one the last one again."""
        hints = page_of(lesson.name).hints
        before = self.progress.of(lesson.name)
        number = min(before.hints + 1, len(hints))
        self._keep(lesson, replace(before, hints=number))
        return number, hints[number - 1]

    def answer(self, lesson: Lesson) -> bool:
        """Whether the model answer is to be shown: after success, or when it is asked for a second time."""
        before = self.progress.of(lesson.name)
        if before.mended:
            now = replace(before, answer=before.answer if before.answer == "before" else "after")
        else:
            now = replace(before, answer="asked" if before.answer == "no" else "before")
        self._keep(lesson, now)
        return now.answer != "asked"

    def put(self, lesson: Lesson, data: bytes) -> Path | None:
        """Write *data* as the file of *lesson*; return where the file before it was kept, None where there was none."""
        file, kept = self.file(lesson), None
        if file.exists():
            kept = _free(file.with_name(f"{file.stem}.before{file.suffix}"))
            put_whole(kept, [file.read_bytes()])
        self.folder.mkdir(parents=True, exist_ok=True)
        put_whole(file, [data])
        return kept

    def restart(self, lesson: Lesson) -> Path | None:
        """Lay the broken prompt out anew; return where what lay there was kept, None where nothing did."""
        place, kept = self.place(lesson), None
        if place.exists():
            kept = _free(place.with_name(f"{place.stem}.before{place.suffix}"))
            place.rename(kept)
        self._lay(lesson)
        return kept

    def _lay(self, lesson: Lesson) -> None:
        place = self.place(lesson)
        self.folder.mkdir(parents=True, exist_ok=True)
        if lesson.lay is None:
            put_whole(place, [page_of(lesson.name).broken.encode()])
            return
        # A folder is laid out beside its place and moved there, so that it is never half there.
        beside = Path(mkdtemp(prefix=f".{lesson.name}-", dir=self.folder))
        try:
            lesson.lay(beside)
            beside.chmod(0o755)
            beside.rename(place)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise

    def _keep(self, lesson: Lesson, standing: Standing) -> None:
        self.progress = self.progress.with_lesson(lesson.name, standing)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_progress(self.folder / FILE, self.progress)


def work_at(lesson: Lesson, place: Path) -> Work:
    """Return what lies at *place*, a file or the folder of a lesson about stores; raises `NotFound` for nothing."""
    folder = place if lesson.lay else None
    file = place / lesson.file if lesson.lay and lesson.file else place
    if not (place if lesson.lay else file).exists():
        raise NotFound(f"{place}: nothing lies there", hint=f"lay the exercise out: promptlib learn {lesson.name}")
    data = file.read_bytes() if file.is_file() else b""
    return Work(data, str(file), folder=folder)


def _free(path: Path) -> Path:
    """Return *path*, or the first one like it that nothing lies at."""
    if not path.exists():
        return path
    number = 2
    while (other := path.with_name(f"{path.stem}-{number}{path.suffix}")).exists():
        number += 1
    return other
