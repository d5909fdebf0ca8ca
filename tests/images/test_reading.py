from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from nas.errors import OutputError, PicturesError
from nas.images.cache import place_of
from nas.images.pictures import Part, Pictures
from nas.images.reading import read_pictures
from tests.images.made import class_folders, noise, png


def read(place: Path | str, **options: object) -> Pictures:
    return read_pictures(str(place), **{"largest": 32, **options})  # type: ignore[arg-type]


def reasons(pictures: Pictures) -> dict[str, int]:
    return {item.reason: item.count for item in pictures.skipped}


def test_digits_are_the_real_ones() -> None:
    pictures = read("digits")
    assert len(pictures) == 1797 and pictures.pixels.shape[1:] == (8, 8, 3)
    assert pictures.classes == tuple("0123456789") and pictures.pixels.max() == 255
    assert np.bincount(pictures.labels).min() > 170


def test_class_folders_keep_pixels_and_names(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 3, "dogs": 4})
    pictures = read(folder)
    assert pictures.classes == ("cats", "dogs") and pictures.labels.tolist() == [0] * 3 + [1] * 4
    first = np.asarray(Image.open(folder / "cats" / "0.png"))
    assert (pictures.pixels[0] == first).all() and (pictures.side, pictures.crop) == (12, 12)
    assert (pictures.parts == Part.UNSAID).all() and pictures.skipped == ()


def test_train_val_and_test_folders_are_parts(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        class_folders(tmp_path / part, {"cats": 2, "dogs": 2}, side=10 + len(part))
    pictures = read(tmp_path)
    assert pictures.classes == ("cats", "dogs")
    assert np.bincount(pictures.parts, minlength=4).tolist() == [0, 4, 4, 4]


def test_large_pictures_get_a_margin_and_keep_their_shape(tmp_path: Path) -> None:
    for index, size in enumerate([(90, 60), (60, 90), (64, 64), (61, 70)]):
        folder = tmp_path / f"c{index % 2}"
        folder.mkdir(exist_ok=True)
        white = np.zeros((*size, 3), np.uint8)
        white[size[0] // 2 - 20 : size[0] // 2 + 20, size[1] // 2 - 20 : size[1] // 2 + 20] = 255
        (folder / f"{index}.png").write_bytes(png(white))
    pictures = read(tmp_path)
    assert (pictures.side, pictures.crop) == (37, 32)
    bright = (pictures.pixels > 127).sum(axis=(1, 2, 3)) / 3
    assert bright == pytest.approx((40 / 62 * 37) ** 2, rel=0.1)  # squares stay squares


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 4, "dogs": 4, "birds": 0})
    good = (folder / "cats" / "0.png").read_bytes()
    (folder / "cats" / "cut.png").write_bytes(good[: len(good) // 2])
    (folder / "cats" / "text.jpg").write_text("no picture")
    (folder / "cats" / "notes.txt").write_text("hello")
    (folder / "cats" / "again.png").write_bytes(good)
    (folder / "cats" / ".hidden").write_text("nobody's business")
    (folder / "cats" / "both.png").write_bytes(png(noise(77)))
    (folder / "dogs" / "both.png").write_bytes(png(noise(77)))
    (folder / "dogs" / "thin.png").write_bytes(png(noise(78, 1, 9)))
    (folder / "dogs" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "loose.png").write_bytes(png(noise(79)))
    expected = {
        "in no class folder": 1,
        "not a picture by its name": 1,
        "a class folder without pictures": 1,
        "the file cannot be read": 1,
        "a copy of another picture": 1,
        "the same picture under two classes": 2,
        "broken, the picture cannot be decoded": 1,
        "broken, or none of JPEG, PNG, WEBP, BMP, GIF, TIFF, PPM": 1,
        "less than 2 pixels wide or high": 1,
    }
    pictures = read(folder)
    assert reasons(pictures) == expected and len(pictures) == 8
    assert any("cats/cut.png" in line for line in pictures.summary())
    assert reasons(read(folder)) == expected, "the cache tells the same"


def test_greys_alphas_and_16_bits_are_converted_and_told(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"a": 2, "b": 2})
    grey = np.full((12, 12, 1), 200, np.uint8)
    (folder / "a" / "grey.png").write_bytes(png(grey))
    clear = np.zeros((12, 12, 4), np.uint8)
    (folder / "a" / "clear.png").write_bytes(png(clear))
    (folder / "a" / "deep.png").write_bytes(png(np.full((12, 12), 40_000, np.uint16)))
    Image.fromarray(noise(5)).convert("CMYK").save(folder / "b" / "print.jpg")
    Image.fromarray(noise(6)).quantize(8).save(folder / "b" / "palette.gif")
    pictures = read(folder)
    assert len(pictures) == 9 and not pictures.skipped
    assert sorted(pictures.converted.values()) == [1, 1, 1]
    values = {int(p[0, 0, 0]) for p in pictures.pixels if (p == p[0, 0, 0]).all()}
    assert values == {200, 255, 40_000 // 257}


def test_rotation_marks_of_cameras_are_obeyed(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"a": 1, "b": 2}, side=16)
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 255
    marks = Image.Exif()
    marks[0x0112] = 6  # turn by 90 degrees clockwise to view
    Image.fromarray(pixels).save(folder / "a" / "turned.png", exif=marks)
    turned = read(folder).pixels[1]
    assert (turned[:, 8:] == 255).all() and (turned[:, :8] == 0).all()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ["must hold folders of pictures", "cats/1.jpg"]),
        ({"cats": 0, "dogs": 0}, ["must hold folders of pictures"]),
        ({"cats": 3}, ["`classes` must be at least 2", "cats"]),
        ({"cats": 3, "dogs": 0}, ["`classes` must be at least 2", "cats"]),
    ],
)
def test_folders_that_cannot_be_trained_on(
    tmp_path: Path, counts: dict[str, int], words: list[str]
) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(PicturesError) as caught:
        read(class_folders(tmp_path / "mine", counts))
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_class_of_broken_pictures_alone_is_refused(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 2, "dogs": 2, "owls": 0})
    (folder / "owls" / "1.jpg").write_text("no picture")
    with pytest.raises(PicturesError, match=r"class 'owls' has none; 1 left out: broken"):
        read(folder)


def test_classes_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"x": 4})
    rows = [["path", "label"], *([f"x/{i}.png", ["Cat", "cat"][i % 2]] for i in range(4))]
    with pytest.raises(PicturesError, match="more than capital letters; got 'Cat' and 'cat'"):
        read(write_csv(folder / "list.csv", rows))


def test_a_folder_around_a_table_names_the_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", images=np.zeros((2, 4, 4), np.uint8), labels=np.arange(2))
    with pytest.raises(PicturesError, match=r"must hold folders.*name \S*all\.npz, or put each"):
        read(tmp_path)


def test_a_folder_beside_train_is_refused(tmp_path: Path) -> None:
    class_folders(tmp_path / "train", {"cats": 2, "dogs": 2})
    class_folders(tmp_path, {"extra": 1})
    with pytest.raises(PicturesError, match="beside train must lie no other folder; got extra"):
        read(tmp_path)


def test_a_folder_that_changed_is_told_from_the_one_before(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 3, "dogs": 3})
    before = read(folder)
    assert read(folder, expected_hash=before.content_hash).content_hash == before.content_hash
    (folder / "cats" / "0.png").write_bytes(png(noise(99)))
    with pytest.raises(PicturesError, match="must stay as they were when the study began"):
        read(folder, expected_hash=before.content_hash)
    after = read(folder)
    assert (after.pixels[0] != before.pixels[0]).any()
    assert (after.pixels[1:] == before.pixels[1:]).all()


def test_a_damaged_or_lost_cache_is_made_again(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 3, "dogs": 3})
    before = read(folder)
    assert isinstance(before.pixels, np.memmap)
    pixels = np.array(before.pixels)
    kept = place_of(before.content_hash, 32)
    for damage in (
        lambda: (kept / "pixels.bin").write_bytes(b"short"),
        lambda: (kept / "pictures.json").write_text("{"),
        lambda: (kept / "labels.npy").unlink(),
    ):
        damage()
        assert (read(folder).pixels == pixels).all()
    assert [path.name for path in kept.parent.glob("*.part")] == []


def test_no_room_for_the_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 2, "dogs": 2}, side=9)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="set XDG_CACHE_HOME"):
        read(folder)


def write_csv(file: Path, rows: list[list[str]]) -> Path:
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def test_csv_of_paths_labels_and_parts(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"x": 6})
    rows = [["path", "label", "split"]]
    rows += [
        [f"x/{i}.png", ["red", "blue"][i % 2], "val" if i == 5 else "train"] for i in range(6)
    ]
    rows += [["x/none.png", "red", "train"], ["x/0.png", " ", "train"]]
    pictures = read(write_csv(folder / "list.csv", rows))
    assert pictures.classes == ("blue", "red") and pictures.labels.tolist() == [1, 0] * 3
    assert pictures.parts.tolist() == [Part.TRAIN] * 5 + [Part.VALIDATION]
    assert reasons(pictures) == {"its label is no class: ' '": 1, "the file cannot be read": 1}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], ["its label in a column named one of label", "(none)"]),
        ([["path", "kind"], ["a.png", "b"]], ["columns path, kind", "rename"]),
        ([["label"], ["b"]], ["the path of its picture"]),
        ([["path", "label"], ["a.png", "b", "c"]], ["row 2", "must have 2 cells", "got 3"]),
        ([["path", "label", "split"], ["a.png", "b", "hold"]], ["row 1", "'hold'"]),
    ],
)
def test_csv_files_that_cannot_be_read(
    tmp_path: Path, rows: list[list[str]], words: list[str]
) -> None:
    with pytest.raises(PicturesError) as caught:
        read(write_csv(tmp_path / "list.csv", rows))
    assert all(word in str(caught.value) for word in ["list.csv", *words]), caught.value


def test_parquet_of_encoded_pictures_with_named_classes(tmp_path: Path) -> None:
    file = tmp_path / "all.parquet"
    images = [{"bytes": png(noise(i)), "path": f"{i}.png"} for i in range(6)]
    labels = [0, 1, 0, 1, None, 7]
    table = pyarrow.table({"image": images, "label": labels})
    names = {"info": {"features": {"label": {"names": ["tulip", "rose", "lily"]}}}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(names)})
    pyarrow.parquet.write_table(table, file)
    pictures = read(file)
    assert pictures.classes == ("tulip", "rose") and len(pictures) == 4
    assert reasons(pictures) == {
        "its label is no class: None": 1,
        "its label is no class: 7": 1,
        "a class without pictures": 1,
    }


def test_parquet_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "all.parquet").write_text("hello")
    with pytest.raises(PicturesError, match="must be a Parquet file"):
        read(tmp_path / "all.parquet")


def test_cifar_10_in_parquet_is_read_as_it_is(data_dir: Path, tmp_path: Path) -> None:
    file = data_dir / "cifar10_jpeg" / "cifar10_jpeg.parquet"
    if not file.is_file():
        pytest.skip(f"no {file}")
    rows = pyarrow.parquet.read_table(file).take(list(range(0, 60_000, 300)))
    pyarrow.parquet.write_table(rows, tmp_path / "some.parquet")
    pictures = read(tmp_path / "some.parquet")
    assert (len(pictures), pictures.side, pictures.crop) == (200, 32, 32)
    assert pictures.classes == tuple("0123456789")
    assert set(pictures.parts) == {Part.TRAIN, Part.TEST}


@pytest.mark.parametrize("form", ["plain", "split", "floats", "channels_first", "one_hot", "deep"])
def test_npz_of_the_usual_forms(tmp_path: Path, form: str) -> None:
    pixels = np.stack([noise(i, 8, 8, 1) for i in range(10)])
    labels = np.arange(10) % 3
    arrays = {
        "plain": {"images": pixels[..., 0], "labels": labels},
        "split": {
            "x_train": pixels[:6], "y_train": labels[:6],
            "x_test": pixels[6:], "y_test": labels[6:],
        },
        "floats": {"x": pixels / 255.0, "y": labels.astype(float)},
        "channels_first": {"images": pixels.transpose(0, 3, 1, 2), "labels": labels[:, None]},
        "one_hot": {"train_images": pixels, "train_labels": np.eye(3)[labels]},
        "deep": {"images": pixels.astype(np.uint16) * 257, "labels": labels},
    }[form]  # fmt: skip
    np.savez(tmp_path / "all.npz", **arrays)
    pictures = read(tmp_path / "all.npz")
    assert pictures.classes == ("0", "1", "2") and pictures.labels.tolist() == labels.tolist()
    assert (pictures.pixels == pixels).all()
    if form == "split":
        assert pictures.parts.tolist() == [Part.TRAIN] * 6 + [Part.TEST] * 4


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, ["must hold arrays named", "no array"]),
        ({"images": np.zeros((4, 8, 8), np.uint8)}, ["must come with labels"]),
        ({"x": np.zeros((4, 8, 8), np.uint8), "y": np.arange(3)}, ["one label for each of its 4"]),
        ({"x": np.zeros((4, 8), np.uint8), "y": np.arange(4)}, ["must be of shape", "(4, 8)"]),
        ({"x": np.full((4, 8, 8), -1.0), "y": np.arange(4)}, ["must lie in 0..1 or 0..255"]),
        ({"x": np.full((4, 8, 8), 900), "y": np.arange(4)}, ["must be bytes", "int64"]),
        ({"x": np.array([{}]), "y": np.arange(1)}, ["must be an .npz of plain arrays"]),
    ],
)
def test_npz_files_that_cannot_be_read(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: list[str]
) -> None:
    np.savez(tmp_path / "all.npz", **arrays)
    with pytest.raises(PicturesError) as caught:
        read(tmp_path / "all.npz")
    assert all(word in str(caught.value) for word in ["all.npz", *words]), caught.value


def cifar_rows(count: int, *, first: int, label_bytes: int = 1) -> bytes:
    rows = [
        bytes([0] * (label_bytes - 1) + [i % 10])
        + noise(first + i, 32, 32).transpose(2, 0, 1).tobytes()
        for i in range(count)
    ]
    return b"".join(rows)


def test_cifars_binary_format_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1.bin").write_bytes(cifar_rows(20, first=0))
    (tmp_path / "test_batch.bin").write_bytes(cifar_rows(10, first=50))
    names = ["airplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    (tmp_path / "batches.meta.txt").write_text("\n".join(names) + "\n\n")
    pictures = read(tmp_path)
    assert list(pictures.classes) == names and len(pictures) == 30
    assert (pictures.pixels[3] == noise(3, 32, 32)).all()
    assert np.bincount(pictures.parts).tolist() == [0, 20, 0, 10]
    assert len(read(tmp_path / "data_batch_1.bin")) == 20


def test_cifar_100_has_two_labels(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(cifar_rows(20, first=0, label_bytes=2))
    (tmp_path / "test.bin").write_bytes(cifar_rows(10, first=50, label_bytes=2))
    assert read(tmp_path).classes == tuple("0123456789")


def test_damaged_cifar_files_are_told(tmp_path: Path) -> None:
    file = tmp_path / "data_batch_1.bin"
    file.write_bytes(cifar_rows(3, first=0)[:-1])
    with pytest.raises(PicturesError, match=r"data_batch_1.bin: must be rows of 3,073 bytes"):
        read(file)
    file.write_bytes(b"\xff" + cifar_rows(3, first=0)[1:])
    with pytest.raises(PicturesError, match=r"row 1: the label must be below 10; got 255"):
        read(file)


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere", "nothing of that name"), ("one.png", "class folder"), ("a.zip", "convert")],
)
def test_places_that_are_none(tmp_path: Path, name: str, words: str) -> None:
    if name != "nowhere":
        (tmp_path / name).write_bytes(png(noise(0)))
    with pytest.raises(PicturesError, match=words):
        read(tmp_path / name)


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    read(
        class_folders(tmp_path / "mine", {"a": 70, "b": 90}, side=6),
        on_progress=lambda *about: told.append(about),
    )
    assert told[-1] == ("decoding", 160, 160) and ("checking", 160, 160) in told


def test_processes_that_decode_at_once_all_get_the_pictures(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "mine", {"cats": 60, "dogs": 60}, side=7)
    code = (
        "import sys; from nas.images.reading import read_pictures; "
        "print(read_pictures(sys.argv[1], largest=32).pixels.sum())"
    )
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate()[0] for process in both}
    assert said == {f"{read(folder).pixels.sum()}\n"} and not any(p.returncode for p in both)
