"""A place that `--data` names → pictures in memory or mapped, and the splits that use them.

pictures    what was read: pixels, labels, classes, content hash, what was left out
splits      pictures → training, validation and test, stratified and seeded
reading     a place → pictures: hashed, decoded in parallel, cached
listing     what every reader gives: names, labels, parts, and how to load each picture
folders, tables, arrays   the readers
decoding    one encoded picture → a square of uint8
"""
