"""Types of settings with a unit: positive numbers below a limit that no simulation reaches."""

from typing import Annotated

from pydantic import Field

Picoseconds = Annotated[float, Field(gt=0, le=1e8)]
"""A time of at most 100 microseconds."""
PicosecondsOrZero = Annotated[float, Field(ge=0, le=1e8)]
Kelvin = Annotated[float, Field(gt=0, le=3000)]
"""A temperature, or a difference of temperatures, of at most 3000 K."""
KelvinOrZero = Annotated[float, Field(ge=0, le=3000)]
Atmospheres = Annotated[float, Field(gt=0, le=1e6)]
PerPicosecond = Annotated[float, Field(gt=0, le=1e4)]
"""A friction coefficient."""
