"""Transcripts as syrupy snapshots: one readable text file a conversation, named as the conversation is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syrupy.data import Snapshot, SnapshotCollection
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from simulator.playback.snapshots import SNAPSHOTS, path_of

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation
    from syrupy.types import SnapshotIndex


class TranscriptFiles(SingleFileSnapshotExtension):
    """Keeps ``<root>/<flow>/<name>.txt``, and nothing of pytest's or syrupy's in the path.

    A test that uses it has one parameter, whose id is ``<flow>/<name>``.
    """

    _write_mode = WriteMode.TEXT
    file_extension = "txt"
    root: Path = SNAPSHOTS

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        """The folder of the conversation's flow."""
        return str(Path(cls.get_location(test_location=test_location)).parent)

    @classmethod
    def discovery_dirname(cls, *, test_location: PyTestLocation) -> str:
        """All flows are looked through for transcripts that nothing makes any more; other files are left alone."""
        del test_location
        return str(cls.root)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """As pytest calls the test: syrupy compares them."""
        del index
        return str(test_location.snapshot_name)

    @classmethod
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex = 0) -> str:
        """The file of the conversation that is the test's parameter."""
        del index
        name = test_location.snapshot_name
        return str(path_of(name[name.index("[") + 1 : -1], cls.root))

    @classmethod
    def matches_test_location(cls, *, test_location: PyTestLocation, snapshot_location: str) -> bool:
        """Every transcript belongs to the one test there is."""
        return test_location.is_item_parametrized and Path(snapshot_location).is_relative_to(cls.root)

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        """One file holds one transcript."""
        name = Path(snapshot_location).relative_to(self.root).with_suffix("")
        collection = SnapshotCollection(location=snapshot_location)
        collection.add(Snapshot(name=f"test_transcript[{name}]"))
        return collection
