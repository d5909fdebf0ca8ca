"""A place that `--data` names → pictures in memory or mapped, and the splits that use them.

pictures    what was read: pixels, labels, classes, content hash, what was left out
splits      pictures → training, validation and test, stratified and seeded
reading     a place → pictures
listing     what every reader gives: names, labels, parts, and how to load each picture
folders, tables, arrays   the readers
hashing     a listing → digests, copies left out
decoding    one encoded picture → a square of uint8
parallel    the threads for both
cache       what was decoded ↔ a memory map
"""
