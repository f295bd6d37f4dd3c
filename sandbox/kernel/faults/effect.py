"""What faults do to one message: the few things that can happen on a wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

End = Literal["", "unsent", "lost", "cut", "reset", "refused"]
"""How a message fails.

``unsent``: no connection comes about; ``lost``: it is gone without a word, and the sender waits in vain; ``cut``: half
of it arrives; ``reset``: the connection is reset; ``refused``: an HTTP status comes instead of an answer.
"""


@dataclass(slots=True)
class Effect:
    """What happens to a message; the effects of several rules add up, and the first end counts.

    ``delay_ms`` is spent on the way, ``hold_ms`` is how long it is held back at most for others to overtake it,
    ``rate`` is how many bytes a second come through, ``copies`` arrive besides the message itself. ``status`` and
    ``retry_after_s`` belong to the end ``refused``. A ``spoiled`` answer breaks its schema; a ``forged`` webhook has
    a signature that does not verify.
    """

    delay_ms: int = 0
    hold_ms: int = 0
    rate: int = 0
    copies: int = 0
    end: End = ""
    status: int = 0
    retry_after_s: int | None = None
    spoiled: bool = False
    forged: bool = False

    def add(self, other: Effect) -> None:
        """Let another effect happen to the message too."""
        self.delay_ms += other.delay_ms
        self.hold_ms = max(self.hold_ms, other.hold_ms)
        self.rate = min(filter(None, (self.rate, other.rate)), default=0)
        self.copies += other.copies
        if other.end and not self.end:
            self.end, self.status, self.retry_after_s = other.end, other.status, other.retry_after_s
        self.spoiled |= other.spoiled
        self.forged |= other.forged

    def drip_ms(self, size: int) -> int:
        """How long a body of so many bytes takes at the rate."""
        return size * 1000 // self.rate if self.rate else 0

    @property
    def harms(self) -> bool:
        """True if the sender of the message does not learn that it has arrived."""
        return bool(self.end) or self.forged
