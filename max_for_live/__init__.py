"""The Max for Live device: its sources, and what builds the .amxd from them.

layout.toml: what is where, and which parameter it is; theme.toml: colours; src/*.js: what it does;
objects.toml: inlets and outlets of Max's objects, as documented.

    layout -> boxes -> patch (boxes, cords, parameters, Push banks) -> container (.amxd)
                                        src/*.js -> bundle ------------^
"""
