"""A set or a scene as a DAWproject file, which Bitwig, Studio One, Cubase and others open whole.

    plan.py      the open set -> a frozen Plan: mixer, scenes, takes
    document.py  Plan -> project.xml and metadata.xml
    archive.py   both and the stems' WAV files -> one ZIP, written piece by piece

Format: github.com/bitwig/dawproject, version 1.0.
"""
