"""Fields that several actions take."""

from __future__ import annotations

from ...faults import FLAWS
from ..fields import Field, Fields

MANY: Fields = {"limit": Field(type="integer", text="how many of the newest", least=1, most=10_000)}
MERCHANT = Field(text="number of the merchant")
FLAW = Field(text="what is wrong with it", choices=FLAWS)
SERIAL = Field(text="which of the platform's keys signs it")
AFTER = Field(type="number", text="seconds of the world's time from now", least=0, most=31_536_000)
