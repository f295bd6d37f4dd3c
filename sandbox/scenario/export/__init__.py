"""Scenarios out of what was recorded: the journal of a served sandbox, or captured traffic.

::

    recording = of_journal(scenario, "acme", entries, clock_ms)
    exported = export(recording)
    exported.text
"""

from sandbox.scenario.export.export import Exported, export
from sandbox.scenario.export.recording import Recorded, Recording, of_journal

__all__ = ["Exported", "Recorded", "Recording", "export", "of_journal"]
