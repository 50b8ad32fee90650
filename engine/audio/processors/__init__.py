"""What a loop may go through between its instrument and its last level: vinyl, tape, gate, echo …

    from engine.audio.processors import Processor, default_processors
    default_processors().register(Processor("shout", apply=..., doc="..."))

or an entry point of an installed package, group `resonantgen.processors`, named like the Processor it
names. Neither needs a change in the core. A score asks for one by its name in `settings`.
"""

from engine.audio.processors.registry import (
    GROUP,
    ORDER,
    Processor,
    Processors,
    default_processors,
    processor_names,
)

__all__ = ["GROUP", "ORDER", "Processor", "Processors", "default_processors", "processor_names"]
